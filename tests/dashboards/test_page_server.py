"""The page server as a process: its address, its doors, its end."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from dashboard_scene import PASSWORD, Scene, Server

from dashboards.serve import serve
from plantsafe.errors import PortInUseError
from plantsafe.store.access import session_of
from plantsafe.store.inbox import InboxReader

Start = Callable[..., Server]
HTML = {"accept": "text/html"}


def ask(
    server: Server, method: str, path: str, *, headers: dict[str, str] | None = None, form: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str]:
    """One request without following anything: status, headers, body."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    try:
        body = urlencode(form) if form is not None else None
        sent = {"content-type": "application/x-www-form-urlencoded"} if form is not None else {}
        connection.request(method, path, body=body, headers={**sent, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def test_doors_of_the_page_server(scene: Scene, page_server: Start) -> None:
    server = page_server(scene.folder)

    status, _, body = ask(server, "GET", "/readyz")
    assert (status, json.loads(body)) == (200, {"ready": True, "scan": 3})

    status, headers, _ = ask(server, "GET", "/alarms", headers=HTML)
    assert (status, headers["location"]) == (303, "/login?next=/alarms")
    status, _, body = ask(server, "GET", "/login?lang=zh&next=/alarms", headers=HTML)
    assert status == 200
    assert "登录" in body
    assert 'value="/alarms"' in body

    wrong = {"name": "operator", "password": "wrong", "next": "/alarms"}
    status, headers, body = ask(server, "POST", "/login", form=wrong)
    assert (status, "set-cookie" in headers) == (401, False)
    assert "Wrong name or password." in body
    right = {**wrong, "password": PASSWORD}
    assert ask(server, "POST", "/login", form=right, headers={"origin": "http://elsewhere.example"})[0] == 403
    status, headers, _ = ask(server, "POST", "/login", form=right)
    assert (status, headers["location"]) == (303, "/alarms")
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=lax" in headers["set-cookie"]
    cookie = {"cookie": headers["set-cookie"].split(";")[0], **HTML}

    token = headers["set-cookie"].split(";")[0].split("=", 1)[1]
    before = session_of(scene.folder, token, now_ns=time.time_ns())
    ask(server, "POST", "/login?lang=zh", form=right, headers={"accept-language": "en"})
    after = session_of(scene.folder, token, now_ns=time.time_ns())
    assert before is not None
    assert after is not None
    assert (before.language, after.language) == ("", "zh")

    assert ask(server, "GET", "/alarms", headers=cookie)[0] == 200
    assert ask(server, "GET", "/overview", headers=cookie)[1]["location"] == "/"
    for outside in ("//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "elsewhere"):
        assert ask(server, "POST", "/login", form={**right, "next": outside})[1]["location"] == "/"

    other_site = ask(server, "GET", "/logout", headers={**cookie, "sec-fetch-site": "cross-site"})
    assert other_site[0] == 303
    assert ask(server, "GET", "/alarms", headers=cookie)[0] == 200
    assert ask(server, "GET", "/logout", headers=cookie)[1]["location"] == "/login"
    assert ask(server, "GET", "/alarms", headers=cookie)[0] == 303

    acts = [(t.request.actor, t.request.body["act"]) for t in InboxReader(scene.folder).after(0)]
    assert acts[0] == ("operator", "wrong password")
    assert acts[1] == ("operator", "sign-in")
    assert acts[-1] == ("operator", "sign-out")

    for _ in range(5):
        ask(server, "POST", "/login", form={"name": "nobody", "password": "x"})
    assert ask(server, "POST", "/login", form={"name": "nobody", "password": "x"})[0] == 429
    assert ask(server, "POST", "/login", form={"name": "x" * 5000})[0] == 413
    assert ask(server, "POST", "/login", form=right)[0] == 303

    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=15) == 0


def test_server_without_a_record_says_that_it_is_not_ready(tmp_path: Path, page_server: Start) -> None:
    server = page_server(tmp_path)
    status, _, body = ask(server, "GET", "/readyz")
    assert status == 503
    assert "there is no" in json.loads(body)["reason"]


def test_port_in_use_is_one_message(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"port {port} on 127.0.0.1 is in use"):
            serve(tmp_path, "127.0.0.1", port)
        ended = subprocess.run(
            [sys.executable, "-m", "dashboards.serve", "--data", str(tmp_path), "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    assert "is in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_server_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        f"p = subprocess.Popen([sys.executable, '-m', 'dashboards.serve', '--data', {str(tmp_path)!r}, '--port', '0'],"
        " stdout=subprocess.PIPE, text=True)\n"
        "p.stdout.readline()\n"
        "print(p.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _alive(child):
        time.sleep(0.05)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    """True while the process runs (one that has ended and waits to be reaped does not)."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False

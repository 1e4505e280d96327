"""A real InfluxDB behind nginx, as its version 2 would answer: on free ports, in a folder of its own, ended by pid."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

ORG, BUCKET = "plant", "process"
MOST_POINTS = 200  # values of a tag that the server takes
READY_S = 60.0

_NGINX = """
daemon off; master_process off; pid {room}/nginx.pid; error_log {room}/nginx.log;
events {{}}
http {{
  access_log off; client_max_body_size 50m;
  client_body_temp_path {room}/body; proxy_temp_path {room}/proxy; fastcgi_temp_path {room}/f; uwsgi_temp_path {room}/u;
  scgi_temp_path {room}/s;
  server {{
    listen 127.0.0.1:{front};
    location = /api/v2/write {{
      if (-f {room}/away) {{ return 503; }}
      if (-f {room}/locked) {{ return 401; }}
      rewrite ^ /write?db=$arg_bucket&precision=n? break;
      proxy_pass http://127.0.0.1:{back};
      proxy_read_timeout 60s;
    }}
    location / {{ proxy_pass http://127.0.0.1:{back}; }}
  }}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Historian:
    """Starts both; `room` keeps the data over restarts."""

    def __init__(self, room: Path, influxd: str, nginx: str) -> None:
        self.room, self._influxd, self._nginx = room, influxd, nginx
        self._back, self._front, self._rpc = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._front}"
        self.where = f"{self.url}/{ORG}/{BUCKET}"
        self._server: subprocess.Popen[bytes] | None = None
        (room / "nginx.conf").write_text(_NGINX.format(room=room, front=self._front, back=self._back))
        self._proxy = subprocess.Popen(
            [nginx, "-c", str(room / "nginx.conf"), "-p", str(room)], stderr=subprocess.DEVNULL
        )
        self.start()
        self.ask(f"CREATE DATABASE {BUCKET}")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        own = {
            "INFLUXDB_REPORTING_DISABLED": "true",
            "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{self._rpc}",
            "INFLUXDB_META_DIR": str(self.room / "meta"),
            "INFLUXDB_DATA_DIR": str(self.room / "data"),
            "INFLUXDB_DATA_WAL_DIR": str(self.room / "wal"),
            "INFLUXDB_DATA_INDEX_VERSION": "inmem",
            "INFLUXDB_DATA_MAX_VALUES_PER_TAG": str(MOST_POINTS),
            "INFLUXDB_MONITOR_STORE_ENABLED": "false",
            "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{self._back}",
            "INFLUXDB_HTTP_LOG_ENABLED": "false",
            "INFLUXDB_HTTP_FLUX_ENABLED": "false",
        }
        log = (self.room / "influxd.log").open("ab")
        self._server = subprocess.Popen([self._influxd], env=os.environ | own, stdout=log, stderr=log)
        log.close()
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/ping", timeout=1).close()  # noqa: S310  # our own address
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError("influxd did not answer")

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def says(self, sign: str, *, now: bool) -> None:
        """`away`: 503 to writes; `locked`: 401."""
        if now:
            (self.room / sign).touch()
        else:
            (self.room / sign).unlink(missing_ok=True)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Series of an InfluxQL statement."""
        words = urllib.parse.urlencode({"db": BUCKET, "q": query, "epoch": "ns"}).encode()
        with urllib.request.urlopen(f"{self.url}/query", data=words, timeout=60) as answer:  # noqa: S310  # the same
            result = json.load(answer)["results"][0]
        if "error" in result:
            raise AssertionError(result["error"])
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def rows(self, point: str) -> dict[int, tuple[float | None, int]]:
        """Value and status of a point by scan number."""
        series = self.ask(f"SELECT scan, v, status FROM pv WHERE point = '{point}'")
        return {row[1]: (row[2], row[3]) for one in series for row in one["values"]}

    def close(self) -> None:
        """End both, by their pids."""
        for process in (self._server, self._proxy):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        shutil.rmtree(self.room, ignore_errors=True)

"""The demo with a secured link: nothing of the control system is read until a person lets its server in."""

import re
import signal
import subprocess
import sys
from pathlib import Path

from conftest_cli import command, until

from plantsafe.frame import is_good
from plantsafe.store.record import RecordReader


def test_secured_demo_reads_once_its_server_was_let_in(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "plantsafe", "demo", "--headless", "--secure", "--speed", "5", "--data", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert demo.stdout is not None
    try:
        said = ""
        while "plantsafe cert trust" not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        words = re.search(r"plantsafe (cert trust \S+ --certificates \S+)", said)
        assert words is not None
        until("the first scans", 40, lambda: "scan" in demo.stdout.readline())
        with RecordReader(tmp_path) as reader:
            latest = reader.latest()
            assert latest is not None
            assert 0 < int(latest.live["good_points"][0]) < 0.7 * len(latest.frame.status)
            done = command(*words.group(1).split())
            assert done.returncode == 0, done.stderr
            until("all points", 30, lambda: is_good(reader.latest().frame.status).all())
        assert (tmp_path / "secured.yaml").read_text().count("password_env") == 1
    finally:
        demo.send_signal(signal.SIGINT)
        rest = demo.communicate(timeout=30)[0]
    assert demo.returncode == 0, rest

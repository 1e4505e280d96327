"""The forwarder as a process: goes on for as long as it runs, whatever the network and the server do."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from plantsafe.errors import RequestError, StoreError
from plantsafe.history.forward import Forwarder, NotNowError
from plantsafe.history.influx import InfluxSink
from plantsafe.history.reader import HistoryReader
from plantsafe.lifeline import end_with_parent
from plantsafe.store.forward import ForwardWriter, answered_again, asked_again
from plantsafe.store.record import RECORD
from plantsafe.store.turn import turn

TOKEN = "PLANTSAFE_HISTORIAN_TOKEN"  # noqa: S105  # the name of the variable, not the token
LOCK = "forward.lock"
PATIENCE_S = 5.0  # for one before to end (site default)
LOOK_S = 0.5  # between two looks for new scans (site default)
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0  # after a failure; doubles each time (site default)


def historian_of(where: str) -> tuple[str, str, str]:
    """Server, organisation and bucket of `http://HOST:PORT/ORG/BUCKET`; raises RequestError for anything else."""
    parts = urlsplit(where)
    words = [word for word in parts.path.split("/") if word]
    if parts.scheme not in ("http", "https") or not parts.hostname or len(words) < 2:
        raise RequestError(
            f"{where!r} names no historian", mend="for example http://10.0.0.9:8086/plant/process: server, org, bucket"
        )
    if parts.username or parts.password:
        raise RequestError("the address holds a password", mend=f"put the token into the environment as {TOKEN}")
    return f"{parts.scheme}://{parts.netloc}", words[0], "/".join(words[1:])


def sink_of(where: str) -> InfluxSink:
    """The historian of `http://HOST:PORT/ORG/BUCKET`; its token is in the environment."""
    url, org, bucket = historian_of(where)
    return InfluxSink(url, org=org, bucket=bucket, token=os.environ.get(TOKEN, ""))


def run_forwarder(folder: Path, where: str, *, parent: int) -> None:
    """Forward until SIGTERM."""
    if parent:
        end_with_parent(parent)
    os.nice(10)
    sink = sink_of(where)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not (folder / RECORD).is_file():  # the scan service is about to make it
        if stop.wait(LOOK_S):
            return
    with (
        only_forwarder(folder),
        closing(sink),
        closing(ForwardWriter(folder)) as writer,
        HistoryReader(folder) as history,
        closing(Forwarder(history, writer, sink, time.time_ns)) as forwarder,
    ):
        go_on(folder, forwarder, writer, stop)


@contextmanager
def only_forwarder(folder: Path) -> Iterator[None]:
    """One at a time writes forward.db; raises StoreError when another one runs."""
    with turn(folder, PATIENCE_S, LOCK) as mine:
        if not mine:
            raise StoreError(f"a forwarder runs on {folder}", mend="stop it first, and `plantsafe run --historian` too")
        yield


def go_on(folder: Path, forwarder: Forwarder, writer: ForwardWriter, stop: threading.Event) -> None:
    """Send whatever there is until `stop`; says in forward.db why it waits."""
    wait_s = FIRST_WAIT_S
    while not stop.is_set():
        try:
            if (scan := asked_again(folder)) is not None:
                forwarder.again(scan)
                answered_again(folder)
            sent = forwarder.step()
        except (NotNowError, StoreError) as error:  # the store: a day's file is damaged, until it is repaired
            writer.trouble(str(error), time.time_ns())
            pause_s = max(getattr(error, "wait_s", 0.0), wait_s * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, no secret
            stop.wait(pause_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            continue
        wait_s = FIRST_WAIT_S
        if not sent:
            stop.wait(LOOK_S)

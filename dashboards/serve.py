"""The page server: `python -m dashboards.serve --data DIR`. Prints one JSON line with its address once it answers."""

import argparse
import asyncio
import errno
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from streamlit.starlette import App

from dashboards import settings
from dashboards.language import tongue_of
from dashboards.routes import Doors, SignInFirst
from dashboards.visit import CLOCK_VARIABLE, DATA_VARIABLE
from plantsafe.clock import Clock
from plantsafe.errors import PlantsafeError, PortInUseError, SourceError
from plantsafe.store.access import ensure_access
from plantsafe.store.inbox import ensure_inbox

STOP_S = 2.0  # what open pages get to finish when the server stops (site default)
PARENT_S = 0.5  # how often the server looks whether its parent is still there (site default)


def serve(
    data: Path,
    host: str = "127.0.0.1",
    port: int = 8501,
    *,
    clock: Clock | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the pages of a data folder until SIGTERM, SIGINT or the end of the parent process.

    port 0 takes a free one; `ready` is called with the address once pages are answered. clock: the plant's, where it
    is simulated. Raises PortInUseError; the folder need not hold a record yet.
    """
    data = data.resolve()
    ensure_access(data)
    ensure_inbox(data)
    listener = _listen(host, port)
    os.environ[DATA_VARIABLE] = str(data)
    os.environ[CLOCK_VARIABLE] = clock.encode() if clock is not None else ""
    settings.apply()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn stops on them, then raises them again: that is no failure
    asyncio.run(_run(data, listener, clock or Clock.system(), ready))


async def _run(data: Path, listener: socket.socket, clock: Clock, ready: Callable[[str], None] | None) -> None:
    app = App(
        Path(__file__).with_name("app.py"),
        routes=Doors(data, clock).routes(),
        middleware=[Middleware(SignInFirst, folder=data)],
        on_script_error=_say_error,
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_level="warning", access_log=False, ws="websockets-sansio", timeout_graceful_shutdown=int(STOP_S)
        )
    )
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    watch = asyncio.create_task(_watch(server, address, ready))
    try:
        await server.serve(sockets=[listener])
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def _watch(server: uvicorn.Server, address: str, ready: Callable[[str], None] | None) -> None:
    """Say when the server answers; end it when the process that started it is gone."""
    parent = os.getppid()
    while not server.started:  # noqa: ASYNC110  # uvicorn sets a flag, no event
        await asyncio.sleep(0.02)
    if ready is not None:
        ready(address)
    while os.getppid() == parent:  # noqa: ASYNC110  # the system tells nobody that a parent has gone
        await asyncio.sleep(PARENT_S)
    server.should_exit = True


def _say_error(error: Exception) -> bool:
    """A page that fails says so in one line; the particulars are for the server's log."""
    logging.getLogger(__name__).error("a page failed", exc_info=error)
    tongue = tongue_of(st.context.locale)
    text = tongue("This page failed; the scan service goes on. The log of the page server has the particulars.")
    st.html(f"<div class='ps ps-banner ps-always'>{text}</div>")
    return True


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, OverflowError) as error:
        raise SourceError(f"{host}:{port} is no address of this machine: {error}", mend="give another host") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"port {port} on {host} is in use", mend="stop the other program, or give another --port (0: any)"
            ) from error
        raise SourceError(f"cannot listen on {host}:{port}: {error}", mend="give another host or port") from error
    return listener


def _say(address: str) -> None:
    print(json.dumps({"ready": True, "url": address, "port": int(address.rsplit(":", 1)[1])}), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.serve", description="The pages of a data folder.")
    parser.add_argument("--data", type=Path, default=os.environ.get(DATA_VARIABLE, "data"), help="the data folder")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501, help="0 takes a free port")
    parser.add_argument("--clock", default="", help="a simulated plant's clock, as Clock.encode() writes it")
    chosen = parser.parse_args(arguments)
    try:
        clock = Clock.decode(chosen.clock) if chosen.clock else None
    except ValueError:
        parser.error("--clock is not what Clock.encode() writes")
    try:
        serve(Path(chosen.data), chosen.host, chosen.port, clock=clock, ready=_say)
    except PlantsafeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

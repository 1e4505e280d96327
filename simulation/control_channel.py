"""The way faults come into the simulated plant: a unix socket, JSON lines, neither of the two plant protocols.

Commands: `list`, `inject` (name, onset_s, duration_s, point, ramp_s), `clear` (name), `truth`, and in lock step
`advance` (seconds). An answer has `ok`, and on failure `error` and `mend`.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from plantsafe.errors import PlantsafeError, SimulationError, SourceError
from simulation.faults import FaultBook

PATH_BYTES = 107  # sun_path holds 108 with its closing zero (unix(7))
LINE_BYTES = 65536  # site default
LONGEST_ADVANCE_S = 300  # site default: an answer comes well within the time that `ask` waits
ASK_TIMEOUT_S = 5.0  # site default: a plant that lives fast answers between two steps

Answer = dict[str, Any]


class ControlChannel:
    """Listens at a path while the simulated plant runs."""

    def __init__(
        self,
        path: Path,
        faults: FaultBook,
        truth: Callable[[], dict[str, float]],
        advance: Callable[[int], Awaitable[Answer]] | None = None,
    ) -> None:
        """`advance` lets a plant in lock step live so many seconds; without it the plant lives by its clock."""
        self._path = path
        self._faults = faults
        self._truth = truth
        self._advance = advance
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen; raises SourceError for a path that cannot be used or that another plant uses."""
        check_path(self._path)
        if self._path.is_socket():
            if _answers(self._path):
                raise SourceError(
                    f"another simulated plant listens at {self._path}", mend="end it, or choose another path"
                )
            self._path.unlink()  # left behind by a process that was killed
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_BYTES)
        except OSError as error:
            raise SourceError(f"cannot listen at {self._path}: {error.strerror}", mend="choose another path") from error
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Close the socket and remove its file."""
        if self._server is None:
            return
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()
        self._server = None
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, ValueError):  # the client is gone, or its line has no end
                while line := await reader.readline():
                    writer.write(json.dumps(await self.answer(line), ensure_ascii=False).encode() + b"\n")
                    await writer.drain()
        finally:
            self._writers.discard(writer)
            writer.close()

    async def answer(self, line: bytes) -> Answer:
        """What one request line is answered with; never raises for what the line holds."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise SimulationError("a request is a JSON object")
            return {"ok": True, **await self._act(request)}
        except PlantsafeError as error:
            return {"ok": False, "error": error.message, "mend": error.mend}
        except (TypeError, ValueError) as error:
            return {"ok": False, "error": f"cannot use this request: {error}", "mend": "send one JSON object a line"}

    async def _act(self, request: Answer) -> Answer:
        command = request.get("command")
        match command:
            case "list":
                return {
                    "faults": [
                        {"name": name, "title": {"en": fault.title_en, "zh": fault.title_zh}}
                        for name, fault in sorted(self._faults.catalogue.items())
                    ],
                    "active": list(self._faults.active()),
                }
            case "inject":
                duration_s, point, ramp_s = request.get("duration_s"), request.get("point"), request.get("ramp_s")
                self._faults.inject(
                    str(request.get("name", "")),
                    float(request.get("onset_s", 0.0)),
                    duration_s=None if duration_s is None else float(duration_s),
                    point=None if point is None else str(point),
                    ramp_s=None if ramp_s is None else float(ramp_s),
                )
                return {"active": list(self._faults.active())}
            case "clear":
                self._faults.clear(str(request.get("name", "")))
                return {"active": list(self._faults.active())}
            case "truth":
                return {"truth": {name: float(value) for name, value in self._truth().items()}}
            case "advance":
                seconds = int(request.get("seconds", 1))
                if self._advance is None:
                    raise SimulationError("this plant lives by its clock", mend="start it with --lock-step")
                if not 1 <= seconds <= LONGEST_ADVANCE_S:
                    raise SimulationError(f"cannot advance {seconds} s", mend=f"give 1 to {LONGEST_ADVANCE_S}")
                return await self._advance(seconds)
        raise SimulationError(f"there is no command {command!r}", mend="one of: list, inject, clear, truth, advance")


def check_path(path: Path) -> None:
    """Raise SourceError for a path that a unix socket cannot have."""
    size = len(bytes(path))
    if size > PATH_BYTES:
        raise SourceError(
            f"the path of the control socket has {size} bytes, a unix socket allows {PATH_BYTES}: {path}",
            mend="choose a shorter path",
        )


def ask(path: Path, command: str, *, timeout_s: float = ASK_TIMEOUT_S, **fields: object) -> Answer:
    """Send one command to a running simulated plant; SourceError when none listens, SimulationError on refusal."""
    check_path(path)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(bytes(path))
            connection.sendall(json.dumps({"command": command, **fields}).encode() + b"\n")
            with connection.makefile("rb") as stream:
                line = stream.readline()
        answer: Answer = json.loads(line)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"no simulated plant answers at {path}: {error}",
            mend="start one with `plantsafe demo`, or name the socket of the one that runs",
        ) from error
    if not answer.get("ok"):
        raise SimulationError(str(answer.get("error", "refused")), mend=str(answer.get("mend", "")))
    return answer


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(bytes(path))
        except OSError:
            return False
        return True

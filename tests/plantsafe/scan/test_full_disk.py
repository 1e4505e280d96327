"""The service on a disk that is full for a while: the scans go on, the plant's people are told, nothing is lost."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from steady_source import Steady

from plantsafe.clock import Clock
from plantsafe.history.reader import HistoryReader
from plantsafe.journal.chain import verify_record
from plantsafe.plant import Plant
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.replay import replay
from plantsafe.scan.service import ScanService
from plantsafe.source import Source
from plantsafe.store.spool import SPOOL

RATE = 50.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 24 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs the right to mount")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"needs the right to mount: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def _fill(folder: Path) -> None:
    with (folder / "ballast").open("wb") as file:
        try:
            while True:
                os.write(file.fileno(), bytes(4096))
        except OSError:
            pass


async def _run(plant: Plant, folder: Path, act: Any, clock: Clock) -> Metrics:
    """Run until `act`, which gets the number of scans done and the metrics, says that it is over."""
    stop, done = asyncio.Event(), 0
    metrics = Metrics(period_wall_s=1 / RATE)

    def each(_: Any) -> None:
        nonlocal done
        done += 1
        if act(done, metrics):
            stop.set()

    def sources(of: Plant) -> list[Source]:
        return [Steady(of, entry.name) for entry in of.file.sources]

    service = ScanService(plant, folder, sources, clock, metrics, on_scan=each, reserve_spool=True)
    await asyncio.wait_for(service.run(stop), 120)
    return metrics


@pytest.fixture
def roomy_spool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 8 MiB, so that it fits on the small disk."""
    from plantsafe.store import record_keeper

    init = record_keeper.RecordKeeper.__init__
    monkeypatch.setattr(
        record_keeper.RecordKeeper, "__init__", lambda self, folder: init(self, folder, most_bytes=8 * 2**20)
    )


@pytest.mark.usefixtures("roomy_spool")
async def test_a_full_disk_stops_no_scan_and_loses_none(small_disk: Path, plant: Plant) -> None:
    heard: dict[str, Any] = {"since": 0, "ready": True}

    def act(done: int, metrics: Metrics) -> bool:
        if done == 20:
            _fill(small_disk)
        waits = metrics.complaint
        if waits and not heard["since"]:
            heard["since"] = done
        if heard["since"] and done == heard["since"] + 40:
            heard["ready"] = metrics.ready
            (small_disk / "ballast").unlink()
        if heard["since"] and done > heard["since"] + 45 and not waits and not heard.get("over"):
            heard["over"] = done
        return bool(heard.get("over")) and done > heard["over"] + 10

    await _run(plant, small_disk, act, Clock.simulated(rate=RATE))
    assert heard["since"] > 20
    assert not heard["ready"]
    with HistoryReader(small_disk) as history:
        kinds = [event.kind for event in history.record.events(kinds=("record_failed", "record_recovered"))]
        raised = [event.subject for event in history.record.events(kinds=("alarm_raised", "alarm_cleared"))]
        assert verify_record(history.record).bad_row is None
        assert replay(history).differences == ()
        numbers = history.frame_numbers(1, 10**9)
        lost = list(history.record.events(kinds=("scans_lost",)))
    assert kinds == ["record_failed", "record_recovered"]
    assert [name for name in raised if name.startswith("plantsafe.not_recorded")] == ["plantsafe.not_recorded"] * 2
    assert len(numbers) == numbers[-1] - numbers[0] + 1 - _named(lost)


@pytest.mark.usefixtures("roomy_spool")
async def test_a_restart_on_a_mended_disk_appends_what_waits(small_disk: Path, plant: Plant) -> None:
    clock, since = Clock.simulated(rate=RATE), 0

    def until_waiting(done: int, metrics: Metrics) -> bool:
        nonlocal since
        if done == 5:
            _fill(small_disk)
        since = since or (done if metrics.complaint else 0)
        return bool(since) and done > since + 20

    await _run(plant, small_disk, until_waiting, clock)
    assert (small_disk / SPOOL).read_bytes()[:8] != bytes(8)
    (small_disk / "ballast").unlink()
    await _run(plant, small_disk, lambda done, _: done > 5, clock)
    with HistoryReader(small_disk) as history:
        record = history.record
        kinds = [event.kind for event in record.events(kinds=("service_started", "service_stopped"))]
        assert verify_record(record).bad_row is None
        assert replay(history).differences == ()
        assert len(history.frame_numbers(1, 10**9)) > since + 20
        assert not list(record.events(kinds=("restart_difference",)))
        assert next(iter(record.events(kinds=("record_recovered",))), None) is not None
    assert kinds == ["service_started", "service_stopped"] * 2
    assert (small_disk / SPOOL).read_bytes()[:8] == bytes(8)


def _named(lost: list[Any]) -> int:
    import json

    bodies = [json.loads(event.body) for event in lost]
    return sum(body["last"] - body["first"] + 1 for body in bodies)

"""Sealed years of the journal moved out while the service runs: both parts verify, and the record goes on."""

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from steady_source import Steady
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.clock import Clock
from plantsafe.errors import PlantsafeError
from plantsafe.journal.archive import write_archive
from plantsafe.journal.chain import verify_record
from plantsafe.journal.kept_seals import kept_seals
from plantsafe.journal.project import projected
from plantsafe.journal.sealing import seal_once
from plantsafe.plant import Plant
from plantsafe.request import Request, RequestKind, Role
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.service import ScanService
from plantsafe.source import Source
from plantsafe.store.inbox import submit
from plantsafe.store.record import RecordReader

RATE = 100.0


async def _run(plant: Plant, folder: Path, clock: Clock, over: Callable[[int], bool]) -> None:
    stop, done = asyncio.Event(), 0

    def each(_: Any) -> None:
        nonlocal done
        done += 1
        if over(done):
            stop.set()

    def sources(of: Plant) -> list[Source]:
        return [Steady(of, entry.name) for entry in of.file.sources]

    service = ScanService(plant, folder, sources, clock, Metrics(period_wall_s=1 / RATE), on_scan=each)
    await asyncio.wait_for(service.run(stop), 120)


def _busy(folder: Path, done: int) -> None:
    """Out of service once, and refused twice: there is something to drop, and something that must outlast it."""
    for i in range(3):
        submit(
            folder,
            Request(
                id=f"{done}-{i}", kind=RequestKind.OUT_OF_SERVICE, subject="T.H", occurrence=0, actor="Li",
                role=Role.ENGINEER, second_actor="Wu", made_ns=0, valid_until_ns=2**62,
                body={"permit": "M1", "comment": "calibration"},
            ),
        )  # fmt: skip


def _archive_request(done: Any, **more: Any) -> Request:
    body = {"first": done.first, "last": done.last, "hash": done.hash, "sha256": done.sha256, "states": done.states}
    return Request(
        id=f"archive-{done.last}-{more}", kind=RequestKind.ARCHIVE, subject=done.file.name, occurrence=0, actor="Wu",
        role=Role.ADMIN, second_actor="", made_ns=0, valid_until_ns=2**62, body=body | more,
    )  # fmt: skip


@pytest.fixture
def said() -> Callable[..., str]:
    def run(*words: Any) -> str:
        found = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=True)
        if isinstance(found.exception, PlantsafeError):
            return str(found.exception)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return str(found.output)

    return run


async def test_sealed_events_are_moved_out_and_both_parts_verify(
    tmp_path: Path, plant: Plant, said: Callable[..., str]
) -> None:
    data, out, outside = tmp_path / "data", tmp_path / "archive", tmp_path / "outside"
    out.mkdir()
    outside.mkdir()
    clock = Clock.simulated(rate=RATE)
    await _run(plant, data, clock, lambda done: (_busy(data, done) if done == 5 else None) or done > 30)
    key = data / "keys" / "journal.key"
    first = seal_once(data, key)
    assert first is not None
    with RecordReader(data) as reader:
        before = projected(reader)
        _, now_ns = reader.newest_scan()
        events = [event.seq for event in reader.events()]
    assert list(before.out_of_service()) == ["T.H"]

    done = write_archive(data, out, now_ns + 1)
    assert (done.first, done.last, done.hash) == (1, first.seq, first.head)
    submit(data, _archive_request(done))
    await _run(plant, data, clock, lambda n: n > 20)
    last = seal_once(data, key)
    assert last is not None
    (outside / "seals.json").write_text("".join(f"{seal.document()}\n" for seal in kept_seals(data)))

    with RecordReader(data) as reader:
        found = verify_record(reader)
        left = [event.seq for event in reader.events() if event.seq <= done.last]
        after = projected(reader)
        kinds = {event.kind for event in reader.events()}
        assert not list(reader.events(kinds=("restart_difference", "archive_failed")))
    assert (found.bad_row, found.first, found.before) == (None, done.last + 1, done.hash)
    assert found.head == last.head
    assert 0 < len(left) < len([seq for seq in events if seq <= done.last])
    assert after.out_of_service() == before.out_of_service()
    assert {"archive", "service_started"} <= kinds

    archive = done.file
    assert "every event is anchored" in said("journal", "verify", "--export", archive, "--head", outside)
    whole = said("journal", "verify", "--export", archive, "--data", data, "--head", outside, "--key",
                 key.with_suffix(".pub"))  # fmt: skip
    assert f"{last.seq} events verified; head {last.head}" in whole
    assert f"the first {done.last} events are in archives" in said("journal", "verify", "--data", data)

    lines = gzip.decompress(archive.read_bytes()).decode().splitlines()
    row = json.loads(lines[5])
    row[5] = "nobody"
    lines[5] = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    archive.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    assert "row 5 is bad: its columns do not give its hash" in said("journal", "verify", "--export", archive)


async def test_a_request_that_does_not_fit_the_record_drops_nothing(tmp_path: Path, plant: Plant) -> None:
    clock = Clock.simulated(rate=RATE)
    await _run(plant, tmp_path, clock, lambda done: (_busy(tmp_path, done) if done == 2 else None) or done > 10)
    assert seal_once(tmp_path, tmp_path / "keys" / "journal.key") is not None
    with RecordReader(tmp_path) as reader:
        _, now_ns = reader.newest_scan()
    out = tmp_path / "archive"
    out.mkdir()
    done = write_archive(tmp_path, out, now_ns + 1)
    submit(tmp_path, _archive_request(done, hash="0" * 64))
    await _run(plant, tmp_path, clock, lambda n: n > 10)
    with RecordReader(tmp_path) as reader:
        assert verify_record(reader).bad_row is None
        assert reader.archived() is None
        refused = [json.loads(event.body)["reason"] for event in reader.events(kinds=("archive_failed",))]
    assert len(refused) == 1
    assert "not the one that was moved out" in refused[0]


async def test_an_export_verifies_without_the_database(tmp_path: Path, plant: Plant, said: Callable[..., str]) -> None:
    """With a head from outside a cut export is found, and what is newer than the head is called not anchored."""
    data, clock, out = tmp_path / "data", Clock.simulated(rate=RATE), tmp_path / "journal.jsonl"
    await _run(plant, data, clock, lambda done: (_busy(data, done) if done == 2 else None) or done > 10)
    seal = seal_once(data, data / "keys" / "journal.key")
    assert seal is not None
    head = tmp_path / "seal.json"
    head.write_text(seal.document())
    assert f"events 1 to {seal.seq}" in said("journal", "export", "--data", data, "--out", out, "--as", "Wu")
    assert "every event is anchored" in said("journal", "verify", "--export", out, "--head", head)
    await _run(plant, data, clock, lambda done: done > 3)  # the export itself is an event by now
    with RecordReader(data) as reader:
        export = next(iter(reader.events(kinds=("export",))))
        newest = reader.head()
    assert newest is not None
    assert (export.subject, export.actor, json.loads(export.body)["head"]) == ("journal", "Wu", seal.head)
    told = said("journal", "verify", "--data", data, "--head", head)
    assert f"rows {seal.seq + 1} to {newest[0]} are newer than the last head from outside" in told
    lines = out.read_text().splitlines()
    out.write_text("\n".join(lines[:-3]) + "\n")
    assert "are missing: they were there when the head left the house" in said(
        "journal", "verify", "--export", out, "--head", head
    )

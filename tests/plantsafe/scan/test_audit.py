"""The settings in use against the approved ones: each difference an event, and a condition while there is one."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from plantsafe.clock import Clock
from plantsafe.frame import Origin
from plantsafe.history.reader import HistoryReader
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.plant import Plant
from plantsafe.request import Request, RequestKind, Role
from plantsafe.scan.audit import audit, day_of
from plantsafe.scan.engine import Engine
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.replay import replay
from plantsafe.scan.service import ScanService
from plantsafe.source import Columns
from plantsafe.store.inbox import submit
from plantsafe.store.record import RecordReader, RecordWriter
from plantsafe.verdict import Fact

RATE = 50.0


def lowered(plant: Plant, make_trace: Callable[..., Any]) -> Plant:
    """The same plant with one limit five lower."""
    document = plant.file.model_dump(mode="python", by_alias=True)
    alarms = [a | {"limit": 75.0} if a["name"] == "T.HH" else a for a in document["alarms"]]
    changed: Plant = make_trace(alarms=alarms).engine.plant
    return changed


def approve(folder: Path, plant: Plant, approved: Plant, *, with_document: bool) -> None:
    """A record in which `approved` was approved."""
    writer = RecordWriter(folder)
    writer.add_plant(plant.hash, plant.document())
    if with_document:
        writer.add_plant(approved.hash, approved.document())
    fact = Fact(kind="plant_approved", subject=approved.hash, actor="Zhao")
    writer.write_events(chained([fact], scan=1, time_ns=1, seq=0, previous=GENESIS))
    writer.close()


def test_what_is_approved_and_in_use_has_no_difference(tmp_path: Path, plant: Plant) -> None:
    approve(tmp_path, plant, plant, with_document=True)
    done = audit(Engine(plant), tmp_path)
    assert [(fact.kind, fact.body["differences"]) for fact in done.facts] == [("settings_audited", 0)]


def test_an_approved_file_that_was_never_loaded_is_told_in_words(
    tmp_path: Path, plant: Plant, make_trace: Callable[..., Any]
) -> None:
    approve(tmp_path, plant, lowered(plant, make_trace), with_document=True)
    done = audit(Engine(plant), tmp_path)
    assert done.differ == 1
    assert (done.facts[1].kind, done.facts[1].subject) == ("settings_differ", "T.HH")
    assert "limit raised 75 to 80" in done.facts[1].body["change"]
    assert "上调至 80" in done.facts[1].body["change_zh"]


def test_an_approved_file_that_the_record_does_not_hold_is_a_difference(
    tmp_path: Path, plant: Plant, make_trace: Callable[..., Any]
) -> None:
    approve(tmp_path, plant, lowered(plant, make_trace), with_document=False)
    done = audit(Engine(plant), tmp_path)
    assert done.differ == 1
    assert "does not hold it" in done.facts[1].body["change"]


def test_a_limit_that_was_changed_in_memory_is_found(tmp_path: Path, plant: Plant) -> None:
    approve(tmp_path, plant, plant, with_document=True)
    engine = Engine(plant)
    engine.plant.alarms.limit[engine.plant.alarms.row["P.H"]] = 55.0
    engine.book.about.priority[engine.book.row["T.H"]] = 4
    try:
        said = [fact.body["change"] for fact in audit(engine, tmp_path).facts[1:]]
    finally:
        engine.plant.alarms.limit[engine.plant.alarms.row["P.H"]] = 50.0
    assert said == [
        "alarm T.H: priority in use is 4, its description says 2",
        "alarm P.H: limit in use is 55, its description says 50",
    ]


def test_days_follow_the_calendar_of_the_site() -> None:
    midnight_utc = 1_767_225_600 * 10**9  # 2026-01-01
    assert day_of(midnight_utc, "Asia/Shanghai") == day_of(midnight_utc + 15 * 3600 * 10**9, "Asia/Shanghai")
    assert day_of(midnight_utc, "Asia/Shanghai") + 1 == day_of(midnight_utc + 16 * 3600 * 10**9, "Asia/Shanghai")


class Steady:
    """A source at rest."""

    def __init__(self, plant: Plant, name: str) -> None:
        self.name = name
        self.points = plant.sources.points[plant.sources.row[name]]
        self._names = [plant.points.names[row] for row in self.points]
        self.reads = 0

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def read(self, clock: Clock) -> Columns:
        self.reads += 1
        known = {"T": 60.0, "F": 30.0, "P": 30.0, "HC": 1.0}
        value = np.array([known.get(name, float(self.reads)) for name in self._names])
        return Columns(
            value=value,
            status=np.zeros(len(value), dtype=np.uint32),
            source_time_ns=np.zeros(len(value), dtype=np.int64),
            answered=True,
            origin=Origin.SERVER,
            resolution_ns=1,
        )


async def test_the_running_service_audits_tells_and_raises_an_alarm(
    tmp_path: Path, plant: Plant, make_trace: Callable[..., Any]
) -> None:
    changed, stop, scans = lowered(plant, make_trace), asyncio.Event(), 0

    def each(_: Any) -> None:
        nonlocal scans
        scans += 1
        if scans == 5:
            request = Request(
                id="a1", kind=RequestKind.APPROVE_PLANT, subject=changed.hash, occurrence=0, actor="Zhao",
                role=Role.ENGINEER, second_actor="", made_ns=0, valid_until_ns=2**62,
                body={"author": "test", "reason": "review 7"},
            )  # fmt: skip
            submit(tmp_path, request, document=changed.document())
        if scans % 20 == 0:
            with RecordReader(tmp_path) as reader:
                if next(reader.events(kinds=("alarm_raised",), subject="plantsafe.settings_differ"), None):
                    stop.set()
        if scans > 2000:
            stop.set()

    metrics = Metrics(period_wall_s=1 / RATE)
    service = ScanService(
        plant,
        tmp_path,
        lambda p: [Steady(p, entry.name) for entry in p.file.sources],
        Clock.simulated(rate=RATE),
        metrics,
        on_scan=each,
    )
    await asyncio.wait_for(service.run(stop), 60)
    with HistoryReader(tmp_path) as history:
        audits = [json.loads(e.body) for e in history.record.events(kinds=("settings_audited",))]
        differ = [e.subject for e in history.record.events(kinds=("settings_differ",))]
        raised = [e.subject for e in history.record.events(kinds=("alarm_raised",))]
        assert replay(history).differences == ()
    assert len(audits) == 1  # once a day
    assert (audits[0]["approved"], audits[0]["differences"]) == (changed.hash, 1)
    assert differ == ["T.HH"]
    assert "plantsafe.settings_differ" in raised

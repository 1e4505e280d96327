"""One run in which everything happens that must be in the journal; the table says what is looked for."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from steady_source import Steady

from plantsafe.clock import Clock
from plantsafe.plant import Plant
from plantsafe.request import Request, RequestKind, Role
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.service import ScanService
from plantsafe.source import Source
from plantsafe.store.inbox import submit
from plantsafe.store.record import EventRow, RecordReader

RATE = 25.0
TEXT = {"en": "text", "zh": "文字"}
WANTED = {
    "transition": ("alarm_raised", "T.HH", "system", {"state": "UNACK"}),
    "return": ("alarm_cleared", "T.HH", "system", {}),
    "act": ("alarm_acknowledged", "T.HH", "Li Na", {}),
    "refusal": ("request_refused", "T.HH", "Li Na", {"asked": "shelve", "reason": "T.HH is never shelved"}),
    "demand": ("demand_started", "F1", "system", {}),
    "bypass": ("bypass_on", "F1", "system", {"channel": "P"}),
    "end of a bypass": ("bypass_off", "F1", "system", {"channel": "P"}),
    "approval": ("plant_approved", "", "Zhao", {"why": "review 7", "author": "x"}),
    "change of the configuration": ("plant_loaded", "", "system", {}),
    "login": ("login", "dashboard", "Li Na", {"act": "in"}),
    "export": ("export", "journal", "Li Na", {"rows": 7}),
    "report": ("report", "summary PDF", "Li Na", {"hours": 24}),
    "start": ("service_started", "service", "system", {"reason": "first start"}),
    "start after a stop": ("service_started", "service", "system", {"reason": "stopped"}),
    "stop": ("service_stopped", "service", "system", {}),
    "lost scans": ("scans_lost", "service", "system", {"reason": "overrun"}),
}
"""What, and the kind, subject (empty for any), actor and some of the body of an event that says it."""


def _request(kind: RequestKind, subject: str, *, actor: str = "Li Na", occurrence: int = 0, **body: Any) -> Request:
    return Request(
        id=f"{kind}-{subject}-{actor}", kind=kind, subject=subject, occurrence=occurrence, actor=actor,
        role=Role.ENGINEER, second_actor="", made_ns=0, valid_until_ns=2**62, body=body,
    )  # fmt: skip


@pytest.fixture
def plants(small_plant_of: Callable[..., Plant], small_document: dict[str, Any]) -> tuple[Plant, Plant]:
    """A plant with a safety function, and the same with another limit."""
    bits = [
        {
            "name": name, "title": TEXT, "unit": "R1", "source": "SIS", "range": [0.0, 10.0], "kind": "state",
            "modbus": {"table": "input", "address": 20 + 2 * i},
        }
        for i, name in enumerate(("byp", "TRIP", "V1"))
    ]  # fmt: skip
    function = {
        "name": "F1", "title": TEXT, "unit": "R1", "direction": "H", "setpoint": 100.0, "vote": 1,
        "inputs": [{"point": "T"}, {"point": "P", "bypass": "byp"}], "on_fault": "vote_trip", "on_bypass": "remove",
        "tripped": "TRIP", "elements": [{"name": "XV1", "feedback": "V1", "safe_value": 0.0}],
        "element_vote": 1, "response_s": 3.0, "sil": 1, "rrf": 50.0, "consequence": TEXT, "action": TEXT,
    }  # fmt: skip
    points = [*small_document["points"], *bits]
    alarms = [a | ({"limit": 75.0} if a["name"] == "T.H" else {}) for a in small_document["alarms"]]
    return (
        small_plant_of(points=points, functions=[function]),
        small_plant_of(points=points, functions=[function], alarms=alarms),
    )


async def _run(folder: Path, plant: Plant, changed: Plant, clock: Clock, scans: int) -> None:
    shown = {"T": 60.0, "F": 20.0, "HC": 1.0, "byp": 0.0, "TRIP": 0.0, "V1": 1.0}
    stop, done, asked = asyncio.Event(), 0, set[str]()

    def act(_: Any) -> None:
        nonlocal done
        done += 1
        shown["T"] = 120.0 if 5 <= done < 25 else 60.0
        shown["byp"] = 1.0 if 8 <= done < 14 else 0.0
        if done == 10:
            submit(folder, _request(RequestKind.LOGIN, "dashboard", act="in"))
            submit(folder, _request(RequestKind.EXPORT, "journal", rows=7))
            submit(folder, _request(RequestKind.REPORT, "summary PDF", hours=24))
            submit(
                folder, _request(RequestKind.APPROVE_PLANT, changed.hash, actor="Zhao", author="x", reason="review 7")
            )
            submit(folder, _request(RequestKind.LOAD_PLANT, changed.hash), document=changed.document())
            time.sleep(4 / RATE)
        if "ack" not in asked:
            with RecordReader(folder) as reader:
                for event in (e for e in reader.events(kinds=("alarm_raised",)) if e.subject == "T.HH"):
                    occurrence = json.loads(event.body)["occurrence"]
                    submit(folder, _request(RequestKind.ACKNOWLEDGE, "T.HH", occurrence=occurrence))
                    submit(folder, _request(RequestKind.SHELVE, "T.HH", occurrence=occurrence, minutes=5, comment="x"))
                    asked.add("ack")
        if done >= scans:
            stop.set()

    def sources(of: Plant) -> list[Source]:
        return [Steady(of, entry.name, shown) for entry in of.file.sources]

    service = ScanService(plant, folder, sources, clock, Metrics(period_wall_s=1 / RATE), on_scan=act)
    await asyncio.wait_for(service.run(stop), 120)


async def test_everything_that_happens_is_in_the_journal(tmp_path: Path, plants: tuple[Plant, Plant]) -> None:
    plant, changed = plants
    clock = Clock.simulated(rate=RATE)
    await _run(tmp_path, plant, changed, clock, 60)
    await _run(tmp_path, changed, changed, clock, 4)
    with RecordReader(tmp_path) as reader:
        events = list(reader.events())
    missing = {what: wanted for what, wanted in WANTED.items() if not any(_is(event, *wanted) for event in events)}
    assert missing == {}
    loaded = next(json.loads(event.body) for event in events if event.kind == "plant_loaded")
    assert any("T.H" in words and "75" in words for words in loaded["changes"])


def _is(event: EventRow, kind: str, subject: str, actor: str, some: dict[str, Any]) -> bool:
    body = json.loads(event.body)
    return (
        event.kind == kind
        and subject in ("", event.subject)
        and event.actor == actor
        and all(body.get(key) == value for key, value in some.items())
    )


def test_findings_are_told_as_they_come_and_go(trace: Any) -> None:
    trace.scan()
    assert "finding_raised plantsafe.historian_refused" in trace.scan(**{"plantsafe.dead_letters": 3.0})
    assert "finding_cleared plantsafe.historian_refused" in trace.scan(**{"plantsafe.dead_letters": 0.0})

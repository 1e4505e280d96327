"""A small plant, and a trace: frames given by name, one line a scan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from plantsafe.frame import BAD_NO_DATA, NO_FAST_SAMPLES, FastSamples, Frame, is_bad
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import Plant, compile_plant
from plantsafe.request import Request, RequestKind, Role
from plantsafe.scan.engine import Engine, ScanRecord

TEXT = {"en": "text", "zh": "文字"}
START_NS = 1_790_000_000_000_000_000


def point(name: str, source: str, **more: Any) -> dict[str, Any]:
    address = (
        {"opcua": {"node": f"s={name}"}}
        if source == "DCS"
        else {"modbus": {"table": "input", "address": 2 * more.pop("address", 0), "type": "float32"}}
    )
    return {"name": name, "title": TEXT, "unit": "R1", "source": source, "range": [0.0, 200.0], **address, **more}


def alarm(name: str, of: str, direction: str, limit: float, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "point": of, "direction": direction, "limit": limit, "deadband": 1.0, "priority": 2,
        "class": "safety", "consequence": TEXT, "action": TEXT, "respond_min": 5, **more,
    }  # fmt: skip


def plant_document() -> dict[str, Any]:
    source = {"title": TEXT, "consequence": TEXT, "action": TEXT}
    unit = {"name": "R1", "title": TEXT, "workshop": "W1", "partition": "W1-A", "process": "nitration_semibatch"}
    return {
        "schema": 1,
        "author": "test",
        "site": {"name": "small", "title": TEXT},
        "workshops": [
            {
                "name": "W1", "title": TEXT, "head_count_max": 9,
                "partitions": [{"name": "W1-A", "title": TEXT, "head_count": "HC", "head_count_max": 3}],
            }
        ],
        "units": [unit],
        "sources": [
            source | {"name": "DCS", "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:1", "heartbeat": "DCS.HB"},
            source | {"name": "SIS", "protocol": "modbus", "endpoint": "127.0.0.1:1", "heartbeat": "SIS.HB"},
        ],
        "points": [
            point("DCS.HB", "DCS", kind="count", range=[0.0, 1e9]),
            point("T", "DCS"),
            point("F", "DCS", fail_direction="low"),
            point("HC", "DCS", kind="count", range=[0.0, 50.0]),
            point("SIS.HB", "SIS", kind="count", range=[0.0, 1e9]),
            point("P", "SIS", address=4),
        ],
        "alarms": [
            alarm("T.HH", "T", "HH", 80.0, priority=1),
            alarm("T.H", "T", "H", 70.0, on_delay_s=2, off_delay_s=3),
            alarm("F.L", "F", "L", 10.0, deadband=0.0),
            alarm("P.H", "P", "H", 50.0),
        ],
    }  # fmt: skip


def small_plant(**changes: Any) -> Plant:
    return compile_plant(PlantFile.model_validate(plant_document() | changes))


Shown = float | tuple[float, int] | None


def samples_between(plant: Plant, held: Mapping[str, float], between: Mapping[str, Sequence[Shown]]) -> FastSamples:
    """Samples as planned, each read taking 10 ms: of `between` value by value, None for a read that was left out; a
    value may come with its status. A fast point that is not named shows what is `held`."""
    table = plant.fast
    if not table.point.size:
        return NO_FAST_SAMPLES
    shape = (table.point.size, int(table.reads.max()))
    value, status = np.full(shape, np.nan), np.full(shape, BAD_NO_DATA, dtype=np.uint32)
    for i, (row, group) in enumerate(zip(table.point, table.group, strict=True)):
        name = plant.points.names[row]
        for j, shown in enumerate(between.get(name, [held[name]] * int(table.reads[group]))):
            if shown is not None:
                value[i, j], status[i, j] = shown if isinstance(shown, tuple) else (shown, 0)
    value[is_bad(status)] = np.nan
    begun_ns = table.period_ns[:, None] * np.arange(1, shape[1] + 1) - plant.period_ns
    return FastSamples(
        point=table.point, group=table.group, value=value, status=status, begun_ns=begun_ns,
        ended_ns=begun_ns + 10_000_000,
    )  # fmt: skip


@pytest.fixture(scope="session")
def between() -> Callable[..., FastSamples]:
    return samples_between


AT_EASE = {"T": 60.0, "F": 20.0, "P": 40.0, "HC": 1.0, "plantsafe.disk_free": 500.0}


@dataclass
class Trace:
    """Steps an engine by point names; what is not named keeps its value, heartbeats beat by themselves."""

    engine: Engine
    number: int = 0
    values: dict[str, float] = field(default_factory=lambda: dict(AT_EASE))
    silent: set[str] = field(default_factory=set)
    still: set[str] = field(default_factory=set)
    step_ns: int = 0
    requests: list[Request] = field(default_factory=list)
    last: ScanRecord | None = None
    frames: list[Frame] = field(default_factory=list)
    received: dict[str, int] = field(default_factory=dict)
    fast: FastSamples = NO_FAST_SAMPLES

    def raw(self, status: dict[str, int] | None = None) -> Frame:
        plant = self.engine.plant
        n = plant.n_points
        value, code = np.zeros(n), np.zeros(n, dtype=np.uint32)
        for name, number in self.values.items():
            value[plant.points.row[name]] = number
        for source in plant.sources.names:
            beat = plant.sources.heartbeat[plant.sources.row[source]]
            value[beat] = 1.0 if source in self.still else float(self.number)
            if source not in self.silent:
                self.received[source] = self.number
        for name, bits in (status or {}).items():
            code[plant.points.row[name]] = bits
        return Frame(
            number=self.number,
            plant=plant.hash,
            time_ns=START_NS + self.number * plant.period_ns + self.step_ns,
            value=value,
            status=code,
            source_time_ns=np.zeros(n, dtype=np.int64),
            received=np.array([self.received.get(s, 0) for s in plant.sources.names], dtype=np.int64),
            origin=np.zeros(plant.n_sources, dtype=np.uint8),
            resolution_ns=np.zeros(plant.n_sources, dtype=np.int64),
            fast=self.fast,
        )

    def scan(
        self,
        *,
        skip: int = 0,
        status: dict[str, int] | None = None,
        between: Mapping[str, Sequence[Shown]] | None = None,
        **values: float,
    ) -> list[str]:
        """One scan, and what fast points showed before it; returns "kind subject" of what the journal would get."""
        self.number += 1 + skip
        self.fast = samples_between(self.engine.plant, self.values, between or {})
        self.values |= values
        record = self.engine.step(self.raw(status), self.requests)
        self.requests = []
        self.last = record
        self.frames.append(record.frame)
        return [f"{fact.kind} {fact.subject}" for fact in record.facts]

    def state(self, name: str) -> str:
        return self.engine.book.state_name(name)

    def ack(
        self, name: str, *, actor: str = "Li Na", role: Role = Role.OPERATOR, occurrence: int | None = None
    ) -> None:
        """Acknowledge in the next scan."""
        self.ask(RequestKind.ACKNOWLEDGE, name, actor=actor, role=role, occurrence=occurrence)

    def ask(
        self, kind: RequestKind, name: str, *, actor: str = "Li Na", role: Role = Role.ENGINEER, second: str = "",
        occurrence: int | None = None, **body: Any,
    ) -> None:  # fmt: skip
        """Ask for something in the next scan, about the present occurrence."""
        row = self.engine.book.row.get(name)
        now = 0 if row is None else int(self.engine.book.occurrence[row])
        self.requests.append(
            Request(
                id=f"r{self.number}-{len(self.requests)}", kind=kind, subject=name,
                occurrence=now if occurrence is None else occurrence, actor=actor, role=role, second_actor=second,
                made_ns=START_NS, valid_until_ns=START_NS + 10**18, body=body,
            )
        )  # fmt: skip

    def reason(self) -> str:
        """Why the first request of the last scan was refused; empty where it was not."""
        assert self.last is not None
        return str(self.last.facts[0].body.get("reason", "")) if self.last.facts else ""

    def available(self, name: str) -> bool:
        return not bool(self.engine.book.not_available[self.engine.book.row[name]])


@pytest.fixture
def plant() -> Plant:
    return small_plant()


@pytest.fixture
def trace(plant: Plant) -> Trace:
    return Trace(Engine(plant, approved=True))


@pytest.fixture(scope="session")
def make_trace() -> Callable[..., Trace]:
    def make(**changes: Any) -> Trace:
        return Trace(Engine(small_plant(**changes), approved=True))

    return make


@pytest.fixture(scope="session")
def small_plant_of() -> Callable[..., Plant]:
    return small_plant


@pytest.fixture(scope="session")
def small_document() -> dict[str, Any]:
    return plant_document()

"""A record of the demo plant made by the real engine, and a page server over it."""

import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from streamlit.testing.v1 import AppTest

from dashboards import visit
from plantsafe.checks.redundant import groups_of
from plantsafe.clock import Clock
from plantsafe.frame import BAD_SENSOR_FAILURE, GOOD, Frame
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.plant import Plant, load_plant
from plantsafe.scan.engine import Engine
from plantsafe.store.inbox import InboxReader, ensure_inbox
from plantsafe.store.record import RecordWriter

PASSWORD = "night shift"
APP = visit.__file__.replace("visit.py", "app.py")
DEMO = Path(__file__).resolve().parents[2] / "simulation" / "plants" / "demo.yaml"
NS_PER_S = 1_000_000_000


@cache
def demo_plant() -> Plant:
    """The demo plant, compiled once, its proof tests a month old."""
    tested = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
    with TemporaryDirectory() as folder:
        for file in DEMO.parent.glob("demo*.yaml"):
            text = re.sub(r'last_test: "[^"]*"', f'last_test: "{tested}"', file.read_text(encoding="utf-8"))
            (Path(folder) / file.name).write_text(text, encoding="utf-8")
        return load_plant(Path(folder) / DEMO.name)


def quiet_values(plant: Plant) -> dict[str, float]:
    """Values with every alarm normal, every function whole and nothing tripped."""
    values: dict[str, float] = {}
    for point in plant.file.points:
        low, high = point.range
        values[point.name] = 0.0 if point.kind != "analog" else low + 0.5 * (high - low)
    for function in plant.file.functions:
        for channel in function.inputs:
            point = plant.file.points[plant.points.row[channel.point]]
            low, high = point.range
            end = low if function.direction == "H" else high
            values[channel.point] = 0.5 * (end + function.setpoint)
    for alarm in plant.file.alarms:
        point = plant.file.points[plant.points.row[alarm.point]]
        limits = [a.limit for a in plant.file.alarms if a.point == alarm.point and a.direction in ("H", "HH")]
        floors = [a.limit for a in plant.file.alarms if a.point == alarm.point and a.direction in ("L", "LL")]
        low, high = max([point.range[0], *floors]), min([point.range[1], *limits])
        values[alarm.point] = (
            0.5 * (low + high) if point.kind == "analog" else (np.ceil(low) if floors else np.floor(low))
        )
    for function in plant.file.functions:
        for element in function.elements:
            low, high = plant.file.points[plant.points.row[element.feedback]].range
            values[element.feedback] = high if abs(element.safe_value - low) < abs(element.safe_value - high) else low
        if function.setpoint_readback is not None:
            values[function.setpoint_readback] = function.setpoint
    lines = _lines_in_order(plant)
    for group in groups_of(plant):
        names = [plant.points.names[row] for row in group.rows]
        of_line = [lines[name] for name in names if name in lines]
        values |= dict.fromkeys(names, of_line[0] if of_line else _clear_of_all(plant, names))
    values |= lines
    return values | {
        "LI-502": 95.0,
        "LI-141": 80.0,
        "PH-101": 3.0,
        "XA-200": 1.0,
        "XA-300": 1.0,
        "XA-310": 1.0,
        "HC-11": 1.0,
        "plantsafe.disk_free": 500.0,
    }


def _lines_in_order(plant: Plant) -> dict[str, float]:
    """Flows, pressure drops, profiles and hold-ups of the continuous units as they are when all is well."""
    values: dict[str, float] = {}
    for unit in plant.file.units:
        line = unit.line
        if line is None:
            continue
        ratio = line.ratio.normal if line.ratio else 1.0
        shares = [1.0 / (1.0 + ratio), ratio / (1.0 + ratio)] if len(line.feeds) == 2 else [1.0]
        values |= {name: line.normal_kg_h * share for name, share in zip(line.feeds, shares, strict=True)}
        if line.outlet:
            values[line.outlet] = line.normal_kg_h
        if line.pressure_drop:
            values[line.pressure_drop.point] = line.pressure_drop.fitted(line.normal_kg_h)[0]
        if line.profile:
            normal = line.profile.normal[0].temperatures_c
            values |= {place.point: t_c for place, t_c in zip(line.profile.points, normal, strict=True)}
            if line.profile.reference:
                values[line.profile.reference] = line.profile.reference_c or 0.0
        if line.hold_up:
            values |= {one.point: 0.4 * line.hold_up.limit_kg / one.kg_per_unit for one in line.hold_up.inventories}
            values |= {line.hold_up.inflow: line.normal_kg_h, line.hold_up.outflow: line.normal_kg_h}
        if line.conveyor:
            values |= {line.conveyor.current: line.conveyor.normal_a, line.conveyor.discharge: line.normal_kg_h}
            values[line.conveyor.temperature] = line.conveyor.normal_c
    return values


def _clear_of_all(plant: Plant, names: list[str]) -> float:
    """The one value of points that measure the same, halfway between all their limits and trips."""
    floors = [plant.file.points[plant.points.row[name]].range[0] for name in names]
    ceilings = [plant.file.points[plant.points.row[name]].range[1] for name in names]
    for alarm in plant.file.alarms:
        if alarm.point in names and alarm.limit is not None:
            (ceilings if alarm.direction in ("H", "HH") else floors).append(alarm.limit)
    for function in plant.file.functions:
        if any(channel.point in names for channel in function.inputs):
            (ceilings if function.direction == "H" else floors).append(function.setpoint)
    return 0.5 * (max(floors) + min(ceilings))


@dataclass
class Scene:
    """A plant that runs scan by scan as the test says, recorded as the scan service records it."""

    folder: Path
    period_s: float = 1.0
    start_ns: int = 0
    plant: Plant = field(init=False)

    def __post_init__(self) -> None:
        self.plant = demo_plant()
        self.engine = Engine(self.plant)
        self.values = quiet_values(self.plant)
        self.bad: set[str] = set()
        self.silent: set[str] = set()
        self._received = np.zeros(self.plant.n_sources, dtype=np.int64)
        self._seq, self._head, self._cursor = 0, GENESIS, 0
        ensure_inbox(self.folder)
        self._writer, self._inbox = RecordWriter(self.folder), InboxReader(self.folder)
        self._writer.add_plant(self.plant.hash, self.plant.document())
        self.start_ns = self.start_ns or time.time_ns()
        self.number = 0

    @property
    def time_ns(self) -> int:
        """Time of the newest scan."""
        return self.start_ns + self.number * NS_PER_S

    def scan(self, values: Mapping[str, float] | None = None) -> None:
        """One scan more, with the requests that came in."""
        self.values |= dict(values or {})
        self.number += 1
        points, n = self.plant.points, self.plant.n_points
        for source in self.plant.file.sources:
            self.values[source.heartbeat] = float(self.number % 1000)
        for i, source in enumerate(self.plant.file.sources):
            if source.name not in self.silent:
                self._received[i] = self.number
        value = np.array([self.values.get(name, 0.0) for name in points.names], dtype=np.float64)
        value[self.plant.watch.beat] = self._received[-1] = self.number
        status = np.full(n, GOOD, dtype=np.uint32)
        for name in self.bad:
            value[points.row[name]], status[points.row[name]] = np.nan, BAD_SENSOR_FAILURE
        frame = Frame(
            number=self.number,
            plant=self.plant.hash,
            time_ns=self.time_ns,
            value=value,
            status=status,
            source_time_ns=np.full(n, self.time_ns, dtype=np.int64),
            received=self._received.copy(),
            origin=np.zeros(self.plant.n_sources, dtype=np.uint8),
            resolution_ns=np.zeros(self.plant.n_sources, dtype=np.int64),
        )
        taken = self._inbox.after(self._cursor)
        record = self.engine.step(frame, [entry.request for entry in taken])
        rows = chained(record.facts, scan=self.number, time_ns=self.time_ns, seq=self._seq, previous=self._head)
        self._writer.write_scan(record.frame, rows, taken, record.live, None)
        if rows:
            self._seq, self._head = rows[-1].seq, rows[-1].hash
        if taken:
            self._cursor = taken[-1].inbox_row

    def scans(self, count: int, values: Mapping[str, float] | None = None) -> None:
        """Several scans with the same values."""
        for _ in range(count):
            self.scan(values)
            values = None

    def close(self) -> None:
        """Give the files back."""
        self._writer.close()
        self._inbox.close()


def standing_clock(scene: Scene) -> Clock:
    """A slow plant clock, two seconds after the newest scan: a slow machine does not make the scan stale."""
    return Clock(epoch_ns=scene.time_ns + 2 * NS_PER_S, start_ns=time.monotonic_ns(), rate=0.1)


@dataclass(frozen=True)
class Server:
    """A running page server."""

    url: str
    process: subprocess.Popen[str]


def text_of(page: AppTest) -> str:
    """All HTML of a page."""
    return "\n".join(element.proto.body for element in page.get("html"))

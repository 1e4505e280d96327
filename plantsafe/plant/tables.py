"""The plant compiled: what the file says, as arrays whose rows are points, sources, alarms and functions."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from plantsafe.clock import NS_PER_S
from plantsafe.frame import F8, Bool
from plantsafe.plant.expression import Expression, compile_expression
from plantsafe.plant.model import PlantFile, Point
from plantsafe.plant.watch import WATCH_BEAT, WATCH_SOURCE, WatchTable, watch_points, watch_table

Index = NDArray[np.intp]

FAIL_NONE, FAIL_HIGH, FAIL_LOW = 0, 1, 2
_FAIL = {"none": FAIL_NONE, "high": FAIL_HIGH, "low": FAIL_LOW}
DIRECTIONS = ("LL", "L", "H", "HH")
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class PointTable:
    """One row a point: name, unit of measure, range (low, high), resolution, source row, unit row, kind.

    The file's points, and behind them those of our own watch over the sources (see `watch`): they belong to no unit,
    row -1, and are not analog, because their drift says nothing of the process; nor are set points that a safety system
    shows.
    same_as: row of the point that measures the same, -1 for none. reduce_deadband: how far the history may be off for a
    point that nothing judges, 0 where it keeps every value.
    """

    names: tuple[str, ...]
    row: dict[str, int]
    eu: tuple[str, ...]
    low: F8
    high: F8
    resolution: F8
    fail: NDArray[np.uint8]
    source: Index
    unit: Index
    analog: Bool
    same_as: Index
    reduce_deadband: F8

    @property
    def monitored(self) -> Bool:
        """Analog points, but for those that nothing is to judge."""
        kept: Bool = self.analog & (self.reduce_deadband == 0.0)
        return kept


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One row a source: name, row of its heartbeat point, rows of all its points.

    The file's sources, and as the last one ours, `plantsafe`. every_scans: each how many scans it is read.
    max_age_ns: values that it stamped longer ago are stale; 0 where the file does not say.
    """

    names: tuple[str, ...]
    row: dict[str, int]
    heartbeat: Index
    points: tuple[Index, ...]
    every_scans: NDArray[np.int64]
    max_age_ns: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FastTable:
    """One row a fast group: name, source row, period, and how many reads it has between two scans.

    point, group (k): the points of all groups, one group after the other, and the row of the group of each.
    """

    names: tuple[str, ...]
    source: Index
    period_ns: NDArray[np.int64]
    reads: Index
    point: Index
    group: Index


@dataclass(frozen=True, slots=True)
class AlarmTable:
    """One row a limit alarm: its point's row, limit, deadband, delays in scans, direction sign (+1 high, -1 low)."""

    names: tuple[str, ...]
    row: dict[str, int]
    point: Index
    limit: F8
    deadband: F8
    sign: F8
    on_delay_scans: NDArray[np.int32]
    off_delay_scans: NDArray[np.int32]
    priority: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ExpressionTable:
    """The expressions of the file, compiled over point rows, in the order of their entries in `file`.

    alarms: one an expression alarm. suppress: by the row of a limit alarm. suppress_expression: by the row of an
    expression alarm. causes: by the row of `causes_and_effects`. resets: what permits a reset, by the same row.
    preconditions: by the row of the effect and the number of its precondition. locks: stopped and dosing, by the row of
    the unit.
    """

    alarms: tuple[Expression, ...]
    suppress: dict[int, Expression]
    suppress_expression: dict[int, Expression]
    causes: dict[int, Expression]
    resets: dict[int, Expression]
    preconditions: dict[tuple[int, int], Expression]
    locks: dict[int, tuple[Expression, Expression]]


@dataclass(frozen=True, slots=True)
class Plant:
    """A compiled plant description. `hash` names this state of the file; `file` is the file itself, validated.

    entries: the description of each point of a frame, those of `file` first, then those of `watch`. Two files with the
    same meaning have the same hash: a field that is left out is as one that says its default.
    """

    hash: str
    file: PlantFile
    points: PointTable
    sources: SourceTable
    fast: FastTable
    alarms: AlarmTable
    unit_row: dict[str, int]
    expressions: ExpressionTable
    entries: tuple[Point, ...]
    watch: WatchTable

    @property
    def n_points(self) -> int:
        """How many points a frame of this plant has."""
        return len(self.points.names)

    @property
    def n_read(self) -> int:
        """How many of them are the file's, read from the plant; the rest is what its sources say of their own work."""
        return len(self.file.points)

    @property
    def read_sources(self) -> tuple[str, ...]:
        """Names of the file's sources, in the order of its table; the last one of the table is our own."""
        return self.sources.names[:-1]

    @property
    def n_sources(self) -> int:
        """How many sources a frame of this plant has."""
        return len(self.sources.names)

    @property
    def period_ns(self) -> int:
        """Nanoseconds of plant time between two scheduled scans."""
        return round(self.file.scan_period_s * NS_PER_S)

    def scans(self, seconds: float) -> int:
        """How many scans a delay of `seconds` takes, rounded up: a delay is never shorter than written."""
        return int(np.ceil(seconds / self.file.scan_period_s - 1e-9))

    def document(self) -> str:
        """The validated file as canonical JSON: what the hash is of, and what the record keeps."""
        return "".join(_document(self.file))


def canonical(value: Any) -> str:
    """JSON with one spelling: sorted keys, no blanks, UTF-8 as it is."""
    return _CANONICAL.encode(value)


def compile_plant(file: PlantFile) -> Plant:
    """Tables of a file whose references were checked (see `load`)."""
    entries = (*file.points, *watch_points(file.sources))
    point_row = {point.name: i for i, point in enumerate(entries)}
    unit_row = {unit.name: i for i, unit in enumerate(file.units)}
    source_row = {name: i for i, name in enumerate((*(source.name for source in file.sources), WATCH_SOURCE))}
    point_source = np.array([source_row[point.source] for point in entries], dtype=np.intp)
    shown_setpoints = {function.setpoint_readback for function in file.functions}
    points = PointTable(
        names=tuple(point_row),
        row=point_row,
        eu=tuple(point.eu for point in entries),
        low=np.array([point.range[0] for point in entries], dtype=np.float64),
        high=np.array([point.range[1] for point in entries], dtype=np.float64),
        resolution=np.array([point.resolution for point in entries], dtype=np.float64),
        fail=np.array([_FAIL[point.fail_direction] for point in entries], dtype=np.uint8),
        source=point_source,
        unit=np.array([unit_row.get(point.unit, -1) for point in entries], dtype=np.intp),
        analog=np.array(
            [
                point.kind == "analog" and point.source != WATCH_SOURCE and point.name not in shown_setpoints
                for point in entries
            ],
            dtype=np.bool_,
        ),
        same_as=np.array(
            [-1 if point.same_as is None else point_row[point.same_as] for point in entries], dtype=np.intp
        ),
        reduce_deadband=np.array([point.reduce_deadband for point in entries], dtype=np.float64),
    )
    period_s = file.scan_period_s
    sources = SourceTable(
        names=tuple(source_row),
        row=source_row,
        heartbeat=np.array(
            [point_row[name] for name in (*(source.heartbeat for source in file.sources), WATCH_BEAT)], dtype=np.intp
        ),
        points=tuple(np.flatnonzero(point_source == i) for i in range(len(source_row))),
        every_scans=np.array(
            [*(round((source.scan_period_s or period_s) / period_s) for source in file.sources), 1], dtype=np.int64
        ),
        max_age_ns=np.array(
            [*(round((source.max_source_age_s or 0.0) * NS_PER_S) for source in file.sources), 0], dtype=np.int64
        ),
    )
    alarms = AlarmTable(
        names=tuple(alarm.name for alarm in file.alarms),
        row={alarm.name: i for i, alarm in enumerate(file.alarms)},
        point=np.array([point_row[alarm.point] for alarm in file.alarms], dtype=np.intp),
        limit=np.array([alarm.limit for alarm in file.alarms], dtype=np.float64),
        deadband=np.array([alarm.deadband for alarm in file.alarms], dtype=np.float64),
        sign=np.array([1.0 if alarm.direction in ("H", "HH") else -1.0 for alarm in file.alarms], dtype=np.float64),
        on_delay_scans=_scans([alarm.on_delay_s for alarm in file.alarms], period_s),
        off_delay_scans=_scans([alarm.off_delay_s for alarm in file.alarms], period_s),
        priority=np.array([alarm.priority for alarm in file.alarms], dtype=np.uint8),
    )
    digest = hashlib.sha256()
    for part in _document(file):
        digest.update(part.encode())
    return Plant(
        hash=digest.hexdigest(),
        file=file,
        points=points,
        sources=sources,
        fast=_fast(file, point_row),
        alarms=alarms,
        unit_row=unit_row,
        expressions=_expressions(file, point_row),
        entries=entries,
        watch=watch_table(file.sources, len(file.points)),
    )


def _fast(file: PlantFile, row: dict[str, int]) -> FastTable:
    """The scan itself reads the points too: a group has its reads after each whole period that ends before the scan."""
    groups = [(i, group) for i, source in enumerate(file.sources) for group in source.fast_groups]
    period_ns = np.array([round(group.period_s * NS_PER_S) for _, group in groups], dtype=np.int64)
    scan_ns = round(file.scan_period_s * NS_PER_S)
    return FastTable(
        names=tuple(group.name for _, group in groups),
        source=np.array([i for i, _ in groups], dtype=np.intp),
        period_ns=period_ns,
        reads=np.maximum((scan_ns - 1) // period_ns, 0).astype(np.intp),
        point=np.array([row[name] for _, group in groups for name in group.points], dtype=np.intp),
        group=np.repeat(np.arange(len(groups), dtype=np.intp), [len(group.points) for _, group in groups]),
    )


def _document(file: PlantFile) -> Iterator[str]:
    """The canonical JSON of what the file says beyond defaults, in parts: a large plant is never held twice."""
    plain = file.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={name for name, _ in _lists(file)}
    )
    lists = {name: entries for name, entries in _lists(file) if entries}
    before = "{"
    for key in sorted((*plain, *lists)):
        yield f"{before}{canonical(key)}:"
        before = ","
        if key in lists:
            yield "["
            for first in range(0, len(lists[key]), 1000):
                part = [
                    entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                    for entry in lists[key][first : first + 1000]
                ]
                yield ("," if first else "") + canonical(part)[1:-1]
            yield "]"
        else:
            yield canonical(plain[key])
    yield "}"


def _lists(file: PlantFile) -> list[tuple[str, tuple[BaseModel, ...]]]:
    return [(name, value) for name in PlantFile.model_fields if isinstance(value := getattr(file, name), tuple)]


def _expressions(file: PlantFile, row: dict[str, int]) -> ExpressionTable:
    def given(texts: Iterable[str | None]) -> dict[int, Expression]:
        return {i: compile_expression(text, row, "truth") for i, text in enumerate(texts) if text is not None}

    return ExpressionTable(
        alarms=tuple(given(alarm.expression for alarm in file.expression_alarms).values()),
        suppress=given(alarm.suppress for alarm in file.alarms),
        suppress_expression=given(alarm.suppress for alarm in file.expression_alarms),
        causes=given(cause.expression for cause in file.causes_and_effects),
        resets=given(cause.reset_permit for cause in file.causes_and_effects),
        preconditions={
            (i, j): expression
            for i, effect in enumerate(file.effects)
            for j, expression in given(condition.expression for condition in effect.preconditions).items()
        },
        locks={
            i: (compile_expression(lock.stopped, row, "truth"), compile_expression(lock.dosing, row, "truth"))
            for i, unit in enumerate(file.units)
            if (lock := unit.restart_lock) is not None
        },
    )


def _scans(seconds: list[float], period_s: float) -> NDArray[np.int32]:
    return np.ceil(np.array(seconds, dtype=np.float64) / period_s - 1e-9).astype(np.int32)

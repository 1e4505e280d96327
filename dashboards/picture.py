"""The newest scan as the pages see it: frame, live arrays and plant joined, with what is worked out once a scan."""

import threading
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from plantsafe.alarms.life_cycle import State, waiting
from plantsafe.errors import StoreError
from plantsafe.frame import F8, I8, Frame
from plantsafe.plant import Plant, plant_of_document
from plantsafe.scan.engine import Engine
from plantsafe.store.record import RecordReader
from plantsafe.verdict import Condition, ConditionClass

TAIL_SCANS = 300  # what the small curves of the overview show (site default)


@dataclass(frozen=True)
class Picture:
    """One scan. `conditions` are the rows of the live arrays `state`, `occurrence`, ...; empty where they do not fit.

    tail (n_scans, n_points): values of the last scans, oldest first, ending with this one; NaN for lost scans.
    """

    plant: Plant
    conditions: tuple[Condition, ...]
    frame: Frame
    live: dict[str, NDArray[Any]]
    tail: F8

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's time zone; UTC where this machine does not know it."""
        try:
            return ZoneInfo(self.plant.file.site.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    @property
    def state(self) -> NDArray[np.uint8]:
        """State of each condition."""
        return self.live["state"]

    @cached_property
    def is_alarm(self) -> NDArray[np.bool_]:
        """(n_conditions,) True for alarms, False for findings."""
        return np.array([c.klass is ConditionClass.ALARM for c in self.conditions], dtype=np.bool_)

    @cached_property
    def row(self) -> dict[str, int]:
        """Row of each condition, by name."""
        return {condition.name: i for i, condition in enumerate(self.conditions)}

    @cached_property
    def open_alarms(self) -> NDArray[np.intp]:
        """Rows of alarms that are not normal and not suppressed, unacknowledged first, then priority, newest first."""
        rows = np.flatnonzero(self.is_alarm & (self.state != State.NORM) & ~self.live["suppressed"])
        priority = np.array([self.conditions[i].priority for i in rows.tolist()], dtype=np.int64)
        acked = ~waiting(self.state[rows])
        return rows[np.lexsort((-self.live["occurrence"][rows], priority, acked))]

    @cached_property
    def nearest(self) -> tuple[F8, NDArray[np.intp]]:
        """(n_points,) distance to the nearest alarm limit, negative beyond it, and the row of that alarm (-1: none)."""
        alarms = self.plant.alarms
        margin = np.full(self.plant.n_points, np.inf)
        which = np.full(self.plant.n_points, -1, dtype=np.intp)
        distance = alarms.sign * (alarms.limit - self.frame.value[alarms.point])
        order = np.argsort(-distance, kind="stable")  # NaN last; the nearest of a point is written last and stays
        order = order[~np.isnan(distance[order])]
        margin[alarms.point[order]], which[alarms.point[order]] = distance[order], order
        return np.where(which >= 0, margin, np.nan), which

    def worst_alarm_of_point(self, row: int) -> int | None:
        """Condition row of the most urgent open alarm on a point."""
        for i in self.open_alarms.tolist():
            if self.conditions[i].point == row and self.conditions[i].subject == self.plant.points.names[row]:
                return int(i)
        return None

    @cached_property
    def source_age_scans(self) -> I8:
        """(n_sources,) scans since each source last answered."""
        return self.live.get("sources.age_scans", self.frame.number - self.frame.received)

    def functions(self, name: str) -> NDArray[Any] | None:
        """A live array of the function check, None when this record has none."""
        return self.live.get(f"functions.{name}")


@cache
def compiled(document: str) -> tuple[Plant, tuple[Condition, ...]]:
    """The plant of a record's document and the conditions of its engine; few a process, kept for its life."""
    plant = plant_of_document(document)
    return plant, Engine(plant).conditions


class Board:
    """The newest picture of one data folder, read once for all pages and visitors of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._picture: Picture | None = None

    def picture(self) -> Picture | None:
        """The newest scan, None before the first; raises StoreError where there is no record."""
        with self._lock, RecordReader(self.folder) as reader:
            number, before = reader.last_number(), self._picture
            if before is not None and before.frame.number == number:
                return before
            latest, described = reader.latest(), reader.newest_plant()
            if latest is None or described is None:
                return None
            document = reader.plant_document(latest.frame.plant)
            if document is None:
                raise StoreError(
                    "the record does not hold the plant description of its newest scan", mend="restore a backup"
                )
            plant, conditions = compiled(document)
            if len(latest.live.get("state", ())) != len(conditions):
                conditions = ()
            tail = self._tail(reader, plant, latest.frame)
            self._picture = Picture(plant=plant, conditions=conditions, frame=latest.frame, live=latest.live, tail=tail)
            return self._picture

    def _tail(self, reader: RecordReader, plant: Plant, frame: Frame) -> F8:
        """Values of the last scans; only what is new since the last picture is read."""
        tail, first = np.full((TAIL_SCANS, plant.n_points), np.nan), frame.number - TAIL_SCANS + 1
        before = self._picture
        if (
            before is not None
            and before.plant.hash == plant.hash
            and 0 < frame.number - before.frame.number < TAIL_SCANS
        ):
            moved = frame.number - before.frame.number
            tail[:-moved], first = before.tail[moved:], before.frame.number + 1
        for old in reader.frames(max(first, 1), frame.number):
            if old.plant == plant.hash:
                tail[old.number - frame.number - 1] = old.value
        return tail

"""Recorded values as a Source."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

import numpy as np
import structlog
from numpy.typing import NDArray

from connectors.replay.decode import read_csv, read_parquet
from connectors.replay.recording import Recording, Report
from plantsafe.clock import NS_PER_S, Clock
from plantsafe.errors import SourceError
from plantsafe.frame import GOOD, I8, Frame, Origin
from plantsafe.plant import Plant
from plantsafe.source import Columns, SourceCounts, silence

Pace = Literal["rows", "times"]
Form = Literal["csv", "parquet"]
HOLD_INTERVALS = 3.0  # site default: a hole of three usual intervals is silence, not a value that stands
NAMED_IN_LOG = 5  # site default: an event names no more rows than a person reads

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class ReplaySource:
    """Gives recorded rows again: one a read (pace "rows"), or as the clock reaches their times (pace "times").

    At pace "times" the first read is at the first row and plant time goes on from there, so that a clock of rate 1 is
    real time and one of rate 60 an hour a minute; source times move by as much. A row stands until the next, at most
    `hold_s`. Past the last row, and in holes longer than `hold_s`, the source is silent.
    """

    def __init__(
        self,
        plant: Plant,
        source_name: str,
        columns: Sequence[Columns],
        *,
        times_ns: I8 | None = None,
        pace: Pace = "rows",
        hold_s: float | None = None,
        own_times: bool = False,
    ) -> None:
        """times_ns (n_rows) ascends; `hold_s` left out is three times the usual interval between rows.

        With `own_times` the clock shows the times of the file: nothing is moved.
        """
        self._name = source_name
        self._points = plant.sources.points[plant.sources.row[source_name]]
        if not isinstance(columns, Recording):
            for i, answer in enumerate(columns):
                if len(answer.value) != len(self._points):
                    raise SourceError(
                        f"row {i} has {len(answer.value)} values, source {source_name} has {len(self._points)} points"
                    )
        if pace == "times" and (times_ns is None or not len(times_ns)):
            raise SourceError(
                f"replay of {source_name} in step with its times, but it has none", mend="give a time column"
            )
        self._columns = columns
        self._times_ns = np.zeros(0, dtype=np.int64) if times_ns is None else times_ns
        self._pace = pace
        usual_ns = float(np.median(np.diff(self._times_ns))) if len(self._times_ns) > 1 else float(NS_PER_S)
        self._hold_ns = round(HOLD_INTERVALS * usual_ns if hold_s is None else hold_s * NS_PER_S)
        self._next = 0
        self._own_times = own_times
        self._shift_ns: int | None = None
        self._beat: tuple[int, float, float] | None = None
        self._reads = 0
        self.report = Report(rows=len(columns))

    @classmethod
    def from_file(
        cls,
        plant: Plant,
        source_name: str,
        *paths: Path,
        names: Mapping[str, str] | None = None,
        zone: str | None = None,
        form: Form | None = None,
        pace: Pace = "rows",
        hold_s: float | None = None,
        own_times: bool = False,
    ) -> Self:
        """The rows of an export in one file or several; raises SourceError where one cannot be read.

        names: the file's word -> ours, for columns and points. zone: of times that name none, as Asia/Shanghai. form:
        left out, Parquet by its suffix, else CSV. A heartbeat that no file holds counts the reads while rows stand.
        """
        recording: Recording | None = None
        report = Report()
        for path in paths:
            parquet = form == "parquet" or (form is None and path.suffix.lower() in (".parquet", ".pq"))
            reader = read_parquet if parquet else read_csv
            part, of_part = reader(plant, source_name, path, names=names or {}, zone=zone)
            _log_mistakes(source_name, of_part)
            if recording is not None and not (recording.timed and part.timed):
                raise SourceError(f"{path}: rows without times cannot follow another file", mend="give a time column")
            recording = part if recording is None else recording.followed_by(part)
            report.add(of_part)
        if recording is None:
            raise SourceError(f"source {source_name} replays no files", mend="name at least one")
        times_ns = recording.times_ns if recording.timed else None
        source = cls(plant, source_name, recording, times_ns=times_ns, pace=pace, hold_s=hold_s, own_times=own_times)
        source.report = report
        source._beat = _beat_of(plant, source_name, recording)
        return source

    @classmethod
    def from_frames(
        cls,
        plant: Plant,
        source_name: str,
        frames: Iterable[Frame],
        *,
        pace: Pace = "rows",
        hold_s: float | None = None,
    ) -> Self:
        """The source's part of recorded frames of the same plant; silent where it had not answered."""
        row = plant.sources.row[source_name]
        points = plant.sources.points[row]
        columns, times = [], []
        for frame in frames:
            if frame.plant != plant.hash:
                raise SourceError(f"frame {frame.number} belongs to another state of the plant description")
            times.append(frame.time_ns)
            columns.append(
                Columns(
                    value=frame.value[points],
                    status=frame.status[points],
                    source_time_ns=frame.source_time_ns[points],
                    answered=bool(frame.received[row] == frame.number),
                    origin=Origin(int(frame.origin[row])),
                    resolution_ns=int(frame.resolution_ns[row]),
                )
            )
        times_ns = np.array(times, dtype=np.int64)
        return cls(plant, source_name, columns, times_ns=times_ns, pace=pace, hold_s=hold_s)

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        return self._name

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        return self._points

    @property
    def left(self) -> int:
        """How many rows have not been given yet."""
        return len(self._columns) - self._next

    @property
    def begins_ns(self) -> int:
        """The time of the first row, UTC; a simulated clock whose epoch this is stamps frames as the file does."""
        return int(self._times_ns[0]) if len(self._times_ns) else 0

    @property
    def ends_ns(self) -> int:
        """The time of the last row, UTC."""
        return int(self._times_ns[-1]) if len(self._times_ns) else 0

    def counts(self) -> SourceCounts:
        """Nothing goes over a wire, its times are brought to our clock, and nobody can write to what was."""
        return SourceCounts(clock_offset_s=0.0, writable_points=0)

    async def open(self) -> None:
        """Begin at the first row."""
        self._next, self._shift_ns = 0, 0 if self._own_times else None

    async def read(self, clock: Clock) -> Columns:
        """The next row, or the one whose time the clock has reached."""
        columns = self._by_row() if self._pace == "rows" else self._by_time(clock.now_ns())
        if self._beat is not None and columns.answered:
            point, low, steps = self._beat
            columns.value[point], columns.status[point] = low + self._reads % steps, GOOD
        self._reads += 1
        return columns

    async def close(self) -> None:
        """Nothing is held open."""

    @property
    def makes_heartbeat(self) -> bool:
        """True when no file holds the source's heartbeat."""
        return self._beat is not None

    def _by_row(self) -> Columns:
        if self.left <= 0:
            return silence(len(self._points))
        self._next += 1
        return self._columns[self._next - 1]

    def _by_time(self, now_ns: int) -> Columns:
        if self._shift_ns is None:
            self._shift_ns = now_ns - self.begins_ns
        then_ns = now_ns - self._shift_ns
        row = int(np.searchsorted(self._times_ns, then_ns, side="right")) - 1
        self._next = max(self._next, row + 1)
        if row < 0 or then_ns - int(self._times_ns[row]) > self._hold_ns:
            return silence(len(self._points))
        columns = self._columns[row]
        stamped = columns.source_time_ns != 0
        return replace(columns, source_time_ns=np.where(stamped, columns.source_time_ns + self._shift_ns, 0))


def _log_mistakes(source_name: str, report: Report) -> None:
    if report.bad_rows or report.strangers:
        log.warning(
            "replay_file_has_mistakes",
            source=source_name,
            file=report.file,
            rows=report.rows,
            bad_rows=report.bad_rows,
            first=[f"{bad.line}: {bad.wrong}" for bad in report.named[:NAMED_IN_LOG]],
            unknown=list(report.strangers)[:NAMED_IN_LOG],
        )


def _beat_of(plant: Plant, source_name: str, recording: Recording) -> tuple[int, float, float] | None:
    """Place of the heartbeat in the columns, its lowest value and how many it has; None when the files hold it."""
    row = int(plant.sources.heartbeat[plant.sources.row[source_name]])
    point = plant.sources.points[plant.sources.row[source_name]].tolist().index(row)
    if recording.holds(point):
        return None
    low, high = float(plant.points.low[row]), float(plant.points.high[row])
    return point, low, max(2.0, high - low + 1.0)

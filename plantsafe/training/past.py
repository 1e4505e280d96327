"""What a model is learnt from: scans of a plant out of the record, or out of a table of a control system."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from plantsafe.backtest.table import Table
from plantsafe.backtest.training import gaps_and_duplicates, usual_interval
from plantsafe.checks.course import Course
from plantsafe.clock import NS_PER_S
from plantsafe.errors import SourceError
from plantsafe.frame import BAD_NO_DATA, Bool, Frame, is_good
from plantsafe.history.reader import HistoryReader
from plantsafe.history.window import Window
from plantsafe.plant import Plant
from plantsafe.plant.tables import Index

SAME_PERIOD = 0.05  # of the scan period: rows at another distance are another process (site default)
BLOCK_ROWS = 3600  # rows of a table that are handed over at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Scans of the points `rows` of a plant, in time order, as often as they are asked for.

    blocks: windows of those points. source: where they come from, in words.
    """

    plant: Plant
    rows: Index
    from_ns: int
    to_ns: int
    source: str
    blocks: Callable[[], Iterator[Window]]
    notes: tuple[str, ...] = ()

    def frames(self, hidden: Callable[[Window], Bool] | None = None) -> Iterator[Frame]:
        """One frame a scan; points that are not read are Bad, and so is what is `hidden` (n, k) of a window."""
        plant = self.plant
        n, zeros = plant.n_points, np.zeros(plant.n_points, dtype=np.int64)
        received, origin = np.zeros(plant.n_sources, dtype=np.int64), np.zeros(plant.n_sources, dtype=np.uint8)
        resolution = np.zeros(plant.n_sources, dtype=np.int64)
        last = 0
        for window in self.blocks():
            hide = hidden(window) if hidden is not None else np.zeros(window.value.shape, dtype=np.bool_)
            for number, time_ns, value, status, lost in zip(
                window.number.tolist(), window.time_ns.tolist(), window.value, window.status, hide, strict=True
            ):
                if number <= last:
                    continue
                last = number
                all_values, all_status = np.full(n, np.nan), np.full(n, BAD_NO_DATA, dtype=np.uint32)
                all_values[self.rows] = np.where(lost, np.nan, value)
                all_status[self.rows] = np.where(lost, np.uint32(BAD_NO_DATA), status)
                yield Frame(
                    number=number, plant=plant.hash, time_ns=time_ns, value=all_values, status=all_status,
                    source_time_ns=zeros, received=received, origin=origin, resolution_ns=resolution,
                )  # fmt: skip


def needed(plant: Plant, units: Sequence[str] = ()) -> Index:
    """Rows of the points that a model of these units is learnt from, all units without any."""
    course = Course(plant)
    wanted = [plant.unit_row[name] for name in units] if units else range(len(plant.file.units))
    monitored = np.flatnonzero(plant.points.monitored & np.isin(plant.points.unit, list(wanted)))
    return np.unique(np.concatenate([monitored, *(course.phase_rows(unit) for unit in wanted)]).astype(np.intp))


def recorded(plant: Plant, history: HistoryReader, from_ns: int, to_ns: int, units: Sequence[str] = ()) -> Past:
    """Out of the record; points go by their names, whichever plant file was in use then."""
    rows = needed(plant, units)
    names = tuple(plant.points.names[row] for row in rows.tolist())
    reduced = history.reduced(from_ns, to_ns)
    thinned = sorted(set(reduced) & set(names))
    notes = (f"not every sample was kept of: {', '.join(thinned[:10])}",) if thinned else ()
    return Past(
        plant=plant, rows=rows, from_ns=from_ns, to_ns=to_ns, source="record", notes=notes,
        blocks=lambda: history.windows(names, from_ns, to_ns),
    )  # fmt: skip


def tabled(plant: Plant, tables: Sequence[Table], units: Sequence[str] = ()) -> Past:
    """Out of tables with a column a point; each begins anew, a day after the one before where it has no time."""
    wanted = needed(plant, units)
    names = plant.points.names
    rows = np.array([row for row in wanted.tolist() if all(names[row] in t.names for t in tables)], dtype=np.intp)
    if not len(rows):
        example = ", ".join(names[row] for row in wanted[:5].tolist())
        raise SourceError(
            f"{tables[0].file} has no column of a point of the plant file", mend=f"head the columns as {example}"
        )
    absent = [names[row] for row in wanted.tolist() if row not in rows]
    notes = [f"{t.file}: {note}" for t in tables for note in t.notes]
    if absent:
        notes.append(f"not in the file, left out: {', '.join(absent[:12])}{' ...' if len(absent) > 12 else ''}")
    windows = _numbered(plant, tables, tuple(names[row] for row in rows.tolist()), notes)
    return Past(
        plant=plant, rows=rows, from_ns=int(windows[0].time_ns[0]), to_ns=int(windows[-1].time_ns[-1]) + 1,
        source=", ".join(t.file for t in tables), notes=tuple(notes), blocks=lambda: _in_blocks(windows),
    )  # fmt: skip


def _numbered(plant: Plant, tables: Sequence[Table], names: tuple[str, ...], notes: list[str]) -> list[Window]:
    """Each table as scans of the plant: its rows must be as far apart as scans are."""
    period_s, last, last_ns = plant.file.scan_period_s, 0, 0
    windows: list[Window] = []
    for table in tables:
        interval_s = usual_interval(table) if len(table.values) > 1 else None
        if interval_s is not None and abs(interval_s - period_s) > SAME_PERIOD * period_s:
            raise SourceError(
                f"{table.file} has a row every {interval_s:g} s, the plant is scanned every {period_s:g} s",
                mend=f"export a row every {period_s:g} s: what is normal from scan to scan is learnt",
            )
        if table.time_s is None:
            notes.append(f"{table.file}: no time column, its rows are taken as scans one after the other")
            time_s = np.arange(len(table.values)) * period_s
            start_ns = last_ns + 86_400 * NS_PER_S
        else:
            time_s, start_ns = table.time_s, 0
            if windows and round(float(time_s[0]) * NS_PER_S) <= last_ns:
                raise SourceError(f"{table.file} begins before the file before it ends", mend="give them in time order")
        _, double = gaps_and_duplicates(table, interval_s)
        if double.any():
            notes.append(f"{table.file}: {int(double.sum())} rows repeat the time of the row before; the first counts")
        values, time_s = table.columns(names)[~double], time_s[~double]
        number = last + 2 + np.rint((time_s - time_s[0]) / period_s).astype(np.int64)
        keep = np.diff(number, prepend=number[0] - 1) > 0
        time_ns = start_ns + np.rint(time_s * NS_PER_S).astype(np.int64)
        value = values[keep]
        status = np.where(np.isnan(value), np.uint32(BAD_NO_DATA), np.uint32(0))
        windows.append(Window(number=number[keep], time_ns=time_ns[keep], value=value, status=status))
        last, last_ns = int(number[-1]), int(time_ns[-1])
    return windows


def _in_blocks(windows: Sequence[Window]) -> Iterator[Window]:
    for window in windows:
        for start in range(0, len(window.number), BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            yield Window(
                number=window.number[part], time_ns=window.time_ns[part], value=window.value[part],
                status=window.status[part],
            )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What is in a past: instants of its scans, how many are missing between them, and the share of good values.

    time_ns (n,). good (k,): share of the scans in which each point of `past.rows` was good. moves (k,): it changed at
    least once. holes: (after, until, scans) of the gaps.
    """

    time_ns: np.ndarray
    good: np.ndarray
    moves: np.ndarray
    holes: tuple[tuple[int, int, int], ...]


def look(past: Past) -> Looked:
    """One pass over all of it."""
    k = len(past.rows)
    count, low, high = np.zeros(k), np.full(k, np.inf), np.full(k, -np.inf)
    times, holes = [np.zeros(0, dtype=np.int64)], []
    last, last_ns = 0, 0
    for window in past.blocks():
        good = is_good(window.status) & np.isfinite(window.value)
        count += good.sum(axis=0)
        low = np.minimum(low, np.where(good, window.value, np.inf).min(axis=0))
        high = np.maximum(high, np.where(good, window.value, -np.inf).max(axis=0))
        number = np.concatenate([[last], window.number]) if last else window.number
        instants = np.concatenate([[last_ns], window.time_ns]) if last else window.time_ns
        for i in np.flatnonzero(np.diff(number) > 1).tolist():
            holes.append((int(instants[i]), int(instants[i + 1]), int(number[i + 1] - number[i] - 1)))
        times.append(window.time_ns)
        last, last_ns = int(window.number[-1]), int(window.time_ns[-1])
    time_ns = np.concatenate(times)
    return Looked(time_ns=time_ns, good=count / max(len(time_ns), 1), moves=high > low, holes=tuple(holes))

"""The period of a summary against the record: which scans were scheduled, and the frames that are there, in blocks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from plantsafe.errors import RequestError
from plantsafe.frame import BAD_NO_COMMUNICATION, F8, I8, U4, Frame, is_good
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant, plant_of_document
from plantsafe.plant.tables import Index

BLOCK_SCANS = 512  # frames judged at once; bounds the memory (site default)
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Frames one after the other. missing (n,): scans lost just before each, inside the period.

    value, status (n, n_columns): the columns asked for; NaN and Bad where that state of the plant has no such point.
    good, points (n,): how many of the plant file's points are Good in the frame, and how many there are. plant: hash
    of its description.
    """

    plant: str
    number: I8
    time_ns: I8
    missing: I8
    value: F8
    status: U4
    good: I8
    points: I8


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a period [from_ns, to_ns) lies in the record; a frame stands for one scan period from its time on.

    first, last: numbers between which its frames are. before: scheduled scans from its begin to the first frame.
    """

    from_ns: int
    to_ns: int
    period_ns: int
    first: int
    last: int
    before: int

    @property
    def length_s(self) -> float:
        """How long the period is."""
        return (self.to_ns - self.from_ns) / NS_PER_S


def open_span(history: HistoryReader, plant: Plant, from_ns: int, to_ns: int) -> Span:
    """The span of a period; raises RequestError for one that is empty or turned round."""
    if from_ns >= to_ns:
        raise RequestError(
            "the period of the summary ends before it begins", mend="give a begin that is earlier than the end"
        )
    first, last = history.number_at(from_ns), history.number_at(to_ns) - 1
    frame = next(_inside(history, first, last, from_ns, to_ns), None)
    scheduled = max(1, round((to_ns - from_ns) / plant.period_ns))
    before = scheduled
    if frame is not None:
        first = frame.number
        before = (frame.time_ns - from_ns) // plant.period_ns
        before = _without_jitter(history, before, first - before)
    return Span(from_ns=from_ns, to_ns=to_ns, period_ns=plant.period_ns, first=first, last=last, before=before)


def missing_after(history: HistoryReader, span: Span, number: int, time_ns: int) -> int:
    """Scheduled scans from the last frame of the span to its end that are not recorded."""
    after = max(0, -((time_ns - span.to_ns) // span.period_ns) - 1)
    return _without_jitter(history, after, number + after)


def blocks(history: HistoryReader, plant: Plant, span: Span, columns: Sequence[str]) -> Iterator[Block]:
    """The frames of a span with the points named in `columns`; other states of the plant are joined by name."""
    layouts: dict[str, _Layout] = {}
    pending: list[Frame] = []
    last_number, last_ns = 0, 0
    for frame in _inside(history, span.first, span.last, span.from_ns, span.to_ns):
        if pending and (len(pending) == BLOCK_SCANS or frame.plant != pending[0].plant):
            yield _block(pending, layouts[pending[0].plant], last_number, last_ns, span.period_ns)
            last_number, last_ns = pending[-1].number, pending[-1].time_ns
            pending = []
        if frame.plant not in layouts:
            layouts[frame.plant] = _layout(history, plant, frame.plant, columns)
        pending.append(frame)
    if pending:
        yield _block(pending, layouts[pending[0].plant], last_number, last_ns, span.period_ns)


def _inside(history: HistoryReader, first: int, last: int, from_ns: int, to_ns: int) -> Iterator[Frame]:
    """Frames by number whose time is inside: after a step of the clock the two orders differ."""
    return (frame for frame in history.frames(first, last) if from_ns <= frame.time_ns < to_ns)


def _without_jitter(history: HistoryReader, missing: int, number: int) -> int:
    """Scans missing at an edge; the outermost, `number`, is not when jitter put its stamp beyond the edge."""
    return missing - 1 if missing and history.frame_numbers(number, number) else missing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Frames of one state of the plant: rows of the wanted columns, and how many rows are points of the file."""

    columns: Index
    n_read: int | None


def _layout(history: HistoryReader, plant: Plant, plant_hash: str, columns: Sequence[str]) -> _Layout:
    then: Plant | None = plant
    if plant_hash != plant.hash:
        document = history.record.plant_document(plant_hash)
        then = plant_of_document(document) if document is not None else None
    row = then.points.row if then is not None else {}
    return _Layout(
        columns=np.array([row.get(name, -1) for name in columns], dtype=np.intp),
        n_read=then.n_read if then is not None else None,
    )


def _block(frames: list[Frame], layout: _Layout, last_number: int, last_ns: int, period_ns: int) -> Block:
    number = np.array([frame.number for frame in frames], dtype=np.int64)
    time_ns = np.array([frame.time_ns for frame in frames], dtype=np.int64)
    by_number = np.diff(number, prepend=last_number or number[0] - 1) - 1
    by_time = np.rint(np.diff(time_ns, prepend=last_ns or time_ns[0] - period_ns) / period_ns).astype(np.int64) - 1
    absent = layout.columns < 0
    value = np.stack([frame.value[layout.columns] for frame in frames])
    status = np.stack([frame.status[layout.columns] for frame in frames])
    value[:, absent], status[:, absent] = np.nan, BAD_NO_COMMUNICATION
    return Block(
        plant=frames[0].plant,
        number=number,
        time_ns=time_ns,
        missing=np.maximum(by_number, by_time),
        value=value,
        status=status,
        good=np.array([np.count_nonzero(is_good(frame.status[: layout.n_read])) for frame in frames], dtype=np.int64),
        points=np.array([len(frame.status[: layout.n_read]) for frame in frames], dtype=np.int64),
    )

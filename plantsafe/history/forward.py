"""Carrying samples and events to a historian: oldest first, none skipped; the cursor moves on a confirmed write only.

A body that is rejected is halved down to the lines that are the cause; those are kept as dead letters with the reason.
Series that were refused go apart from then on, so that one bad point does not have each body halved again. Where a
historian rejects more than a few series, something else is wrong, and nothing is buried: it waits.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from itertools import compress, groupby, repeat, takewhile
from operator import not_
from typing import Protocol

from plantsafe.errors import PlantsafeError, StoreError
from plantsafe.frame import Frame
from plantsafe.history.lines import LineMaker
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import plant_of_document
from plantsafe.store.forward import DeadLetter, ForwardWriter

LINES = 20_000  # of a body: 2 MB, a few tenths of a second of a small server (site default)
IN_FLIGHT = 2  # bodies: one is on its way while the server works on the other (site default)
MOST_REFUSED = 100  # series of one body that may be buried; not over a quarter of them, but always FEW (site default)
FEW = 3  # site default


class Word(Enum):
    """What a historian says to a body. TOO_OLD: what it still keeps of it was taken."""

    TAKEN = "taken"
    LATER = "later"
    REJECTED = "rejected"
    TOO_OLD = "too old"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """Its word, the reason, how long it asks to wait; and of a rejected body how many lines it dropped, 0 if unsaid."""

    word: Word
    reason: str = ""
    wait_s: float = 0.0
    dropped: int = 0


class Sink(Protocol):
    """A historian that takes line protocol."""

    def write(self, body: bytes) -> Answer:
        """Write and wait for the answer; never raises for what the network or the server does."""
        ...


class NotNowError(PlantsafeError):
    """Nothing can be sent at present; it will be tried again."""

    def __init__(self, reason: str, wait_s: float) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


_Line = tuple[int, str]  # the scan and the text


@dataclass(frozen=True, slots=True)
class _Body:
    """What goes together: up to which scan and event it reaches, and what was gone before it could be sent."""

    lines: Sequence[_Line]
    scan: int
    seq: int
    dead: Sequence[DeadLetter]


@dataclass(slots=True)
class _Sending:
    body: _Body
    dead: "Future[list[DeadLetter]] | None" = None


class Forwarder:
    """Sends what is recorded and not yet confirmed; `step` confirms one body.

    The next one is on its way by then, so that the server does not wait for us, and the one after it is made. Bodies
    are confirmed in their order: one that arrived before another that did not is sent again, over itself. In trouble
    one body at a time is tried.
    """

    def __init__(self, history: HistoryReader, writer: ForwardWriter, sink: Sink, now_ns: Callable[[], int]) -> None:
        self._history, self._writer, self._sink, self._now_ns = history, writer, sink, now_ns
        self._makers: dict[str, LineMaker] = {}
        self._frames: Iterator[Frame] = iter(())
        self._bodies: list[_Sending] = []
        self._refused: frozenset[str] = frozenset()  # series of which a line of the last bodies was refused
        self._wide = 1
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="historian")

    def step(self) -> int:
        """Send and confirm the next body; how many lines that were, 0 when all is sent. Raises NotNowError."""
        if not self._bodies and not self._make():
            return 0
        self._send()
        try:
            with suppress(StoreError):  # comes up again when that body is due
                while len(self._bodies) <= self._wide and self._make():
                    self._send()
            dead = self._bodies[0].dead.result()  # type: ignore[union-attr]  # the first is sent
            self._wide = IN_FLIGHT
            self._send(arrived=1)
            body = self._bodies[0].body
            self._writer.confirm(body.scan, body.seq, self._now_ns(), [*body.dead, *dead])
            self._refused = self._still_refused(body.lines, dead)
        except BaseException:
            self._wide = 1
            self._recall()
            raise
        del self._bodies[0]
        return len(body.lines)

    def _send(self, arrived: int = 0) -> None:
        """As many bodies as may be are on their way; the first `arrived` are there."""
        for one in self._bodies[: arrived + self._wide]:
            if one.dead is None:
                one.dead = self._pool.submit(self._sent, one.body.lines, self._refused)

    def _still_refused(self, lines: Sequence[_Line], dead: Sequence[DeadLetter]) -> frozenset[str]:
        """Series that go apart after a body: those of its dead letters, and those before that were not in it."""
        now = frozenset(_series(letter.line) for letter in dead if letter.line)
        if not self._refused - now:
            return now
        return now | (self._refused - {_series(text) for _scan, text in lines})

    def _recall(self) -> None:
        """Wait for what is on its way; all of it counts as not sent."""
        for one in self._bodies:
            if one.dead is not None:
                one.dead.cancel()
                wait((one.dead,))
                one.dead = None

    def again(self, scan: int) -> None:
        """Send scans from `scan` on, and their events, once more: the historian has lost them."""
        self._recall()
        self._bodies.clear()
        self._frames = iter(())
        seq = 0
        for event in self._history.record.events():
            if event.scan >= scan:
                break
            seq = event.seq
        self._writer.rewind(scan - 1, seq)

    def close(self) -> None:
        """Give the sending threads back."""
        self._pool.shutdown(cancel_futures=True)

    def _make(self) -> bool:
        """Make the body that follows; False when nothing is recorded after the last one."""
        try:
            return self._made()
        except BaseException:
            self._frames = iter(())  # those that were taken for this body are in none
            raise

    def _made(self) -> bool:
        standing = self._writer.standing()
        scan, seq = (standing.scan, standing.seq)
        if self._bodies:
            scan, seq = self._bodies[-1].body.scan, self._bodies[-1].body.seq
        last = self._history.last_number()
        if last <= scan:
            return False
        lines: list[_Line] = []
        until = scan
        while len(lines) < LINES:
            frame = next(self._frames, None)
            if frame is None and until < last:
                self._frames = self._history.frames(until + 1, last)
                frame = next(self._frames, None)
            if frame is None:
                until = last
                break
            lines += zip(repeat(frame.number), self._maker(frame.plant).of_frame(frame), strict=False)
            until = frame.number
        events = list(takewhile(lambda event: event.scan <= until, self._history.record.events(after=seq)))
        maker = self._maker(self._history.plant_at(until))
        lines += zip([event.scan for event in events], maker.of_events(events), strict=True)
        dead = [
            DeadLetter(scan=hole.first, line="", reason=f"scans {hole.first} to {hole.last}: {hole.reason}")
            for hole in self._history.holes(scan + 1, until)
            if scan < hole.last and scan < hole.first <= until
        ]
        self._bodies.append(_Sending(_Body(lines, until, events[-1].seq if events else seq, dead)))
        return True

    def retry(self) -> tuple[int, int]:
        """Send the dead letters that are lines once more; how many were taken, and how many stay."""
        letters = self._writer.dead()
        lines = [(letter.scan, letter.line) for letter in letters if letter.line]
        kept = [letter for letter in letters if not letter.line]
        by_series = groupby(sorted(lines, key=lambda line: _series(line[1])), key=lambda line: _series(line[1]))
        for together in [list(group) for _, group in by_series]:
            for i in range(0, len(together), LINES):
                kept += self._deliver(together[i : i + LINES], set())
        kept.sort(key=lambda letter: letter.scan)
        self._writer.keep_dead(kept, of=len(letters))
        return len(letters) - len(kept), len(kept)

    def _maker(self, plant: str) -> LineMaker:
        if plant not in self._makers:
            document = self._history.record.plant_document(plant)
            if document is None:
                raise NotNowError(f"the record lacks the plant description {plant[:12]}", 60.0)
            self._makers[plant] = LineMaker(plant_of_document(document))
        return self._makers[plant]

    def _sent(self, lines: Sequence[_Line], apart: frozenset[str]) -> list[DeadLetter]:
        """Send `lines`, those of the series `apart` by themselves; what was rejected for good.

        Raises NotNowError, and then all of it is sent again later.
        """
        dead: list[DeadLetter] = []
        refused, series = set(apart), set[str]()
        most = 0
        for part in _parted(lines, refused):
            for letter in self._deliver(part, refused):
                dead.append(letter)
                series.add(_series(letter.line))
                most = most or max(FEW, min(MOST_REFUSED, len({_series(text) for _scan, text in lines}) // 4))
                if len(series) > most:
                    raise NotNowError(f"the historian rejects too much to be right: {letter.reason}", 60.0)
        return sorted(dead, key=lambda letter: letter.scan)

    def _deliver(self, lines: Sequence[_Line], refused: set[str]) -> Iterator[DeadLetter]:
        """Send `lines`; dead letters of those that are rejected, whose series are then in `refused`."""
        if not lines:
            return
        answer = self._sink.write("\n".join([text for _scan, text in lines]).encode())
        if answer.word is Word.TAKEN:
            return
        if answer.word is Word.TOO_OLD:
            what = f"scans {lines[0][0]} to {lines[-1][0]}: the historian keeps no samples this old"
            yield DeadLetter(scan=lines[0][0], line="", reason=f"{what} ({answer.reason})")
            return
        if answer.word is not Word.REJECTED:
            raise NotNowError(answer.reason, answer.wait_s)
        if len(lines) == 1 or answer.dropped >= len(lines):
            refused.update(_series(text) for _scan, text in lines)
            yield from (DeadLetter(scan=scan, line=text, reason=answer.reason) for scan, text in lines)
            return
        parts = _parted(lines, refused)
        if not all(parts):
            parts = (lines[: len(lines) // 2], lines[len(lines) // 2 :])
        for part in parts:
            yield from self._deliver(part, refused)


def _parted(lines: Sequence[_Line], refused: Set[str]) -> tuple[Sequence[_Line], Sequence[_Line]]:
    """Lines of other series, and those of the series that are `refused`."""
    if not refused:
        return lines, ()
    known = [_series(text) in refused for _scan, text in lines]
    return list(compress(lines, map(not_, known))), list(compress(lines, known))


def _series(line: str) -> str:
    """Measurement and tags of a line; cut short at a space within a tag, which puts more lines apart than need be."""
    return line.partition(" ")[0]

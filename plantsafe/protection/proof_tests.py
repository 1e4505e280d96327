"""When each subsystem was tested, when it is next due, and what people put on record about it.

A proof test of devices counts for every function that has no others in that subsystem. A real trip counts as a partial
test of the final elements that were seen to move, after a second person's review; it never moves the next test. A test
may be deferred once, by a second person, and only while the PFDavg with the longer interval still meets 1/RRF.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from plantsafe.frame import F8, I8, Bool
from plantsafe.plant import Plant
from plantsafe.plant.reliability import SUBSYSTEMS
from plantsafe.protection.reliability import NOT_KNOWN, NS_PER_H, ReliabilityTable, deferred_average
from plantsafe.request import Request, RequestKind
from plantsafe.verdict import Arrays

RESULTS = ("pass", "fail_dangerous", "fail_safe")
ELEMENTS = SUBSYSTEMS.index("elements")
TEXT_MAX = 1000  # characters of a document's name or a reason (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Done: the kind and the body of the event. Refused: why."""

    reason: str = ""
    kind: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


class ProofTests:
    """Moments in UTC nanoseconds, 0 for not known: tested_ns, deferred_ns (n_functions, 3); moved_ns, credited_ns
    (n_functions, n_elements): when a final element last went to its safe state in a trip, and the trip that counts."""

    def __init__(self, plant: Plant, table: ReliabilityTable) -> None:
        self._table = table
        functions = plant.file.functions
        self._row = {f.name: i for i, f in enumerate(functions)}
        self._elements = [tuple(e.name for e in f.elements) for f in functions]
        self._names = tuple(self._row)
        self._devices = [
            (frozenset(c.point for c in f.inputs), frozenset((f.name,)), frozenset(e.name for e in f.elements))
            for f in functions
        ]
        width = max((len(line) for line in self._elements), default=0) or 1
        self._has: Bool = np.array([[j < len(e) for j in range(width)] for e in self._elements], dtype=np.bool_)
        self._has = self._has.reshape(-1, width)
        self.tested_ns: I8 = table.tested_ns.copy()
        self.deferred_ns: I8 = np.zeros_like(self.tested_ns)
        self.moved_ns: I8 = np.zeros(self._has.shape, dtype=np.int64)
        self.credited_ns: I8 = np.zeros(self._has.shape, dtype=np.int64)

    def credited(self) -> I8:
        """The oldest credit of a function's final elements (n_functions, 3); the other subsystems have none."""
        columns = np.zeros_like(self.tested_ns)
        columns[:, ELEMENTS] = np.where(self._has, self.credited_ns, np.iinfo(np.int64).max).min(axis=1)
        return columns

    def due_ns(self) -> I8:
        """When each subsystem is next due (n_functions, 3): by its interval, or by a deferral; 0 where not known."""
        interval_h = np.nan_to_num(self._table.interval_h, nan=0.0)
        by_interval = self.tested_ns + (interval_h * NS_PER_H).astype(np.int64)
        known = (self.tested_ns != NOT_KNOWN) & (interval_h > 0)
        return np.where(known, np.maximum(by_interval, self.deferred_ns), NOT_KNOWN)

    def days_left(self, time_ns: int) -> F8:
        """Days until the first test that is due (n_functions), negative when overdue; NaN where none is known."""
        due = self.due_ns()
        days = np.where(due == NOT_KNOWN, np.inf, (due - time_ns) / NS_PER_H / 24.0).min(axis=1, initial=np.inf)
        return np.where(np.isinf(days), np.nan, days)

    def answer(self, request: Request, time_ns: int) -> Answered:
        """Decide a request of PROOF_ACTS; what is done is in the memory."""
        row = self._row.get(request.subject)
        if row is None:
            return Answered(reason=f"there is no function {request.subject}")
        return PROOF_ACTS[request.kind](self, _Asked(row=row, request=request, time_ns=time_ns))

    def record(self, asked: "_Asked") -> Answered:
        """A proof test that was made."""
        subsystem, moment, result = asked.subsystem(), asked.moment("tested"), asked.text("result")
        failed, document = asked.request.body.get("failed", 0), asked.text("document")
        reason = ""
        if subsystem is None or moment is None:
            reason = "a proof test needs its subsystem (sensors, logic or elements) and the day of the test"
        elif result not in RESULTS:
            reason = f"the result as found is one of {', '.join(RESULTS)}"
        elif isinstance(failed, bool) or not isinstance(failed, int) or failed < 0:
            reason = "the number of devices that had failed is a whole number"
        elif (failed > 0) != (result == "fail_dangerous"):
            reason = "as found fail_dangerous names how many devices had failed, and only it does"
        elif not document:
            reason = "a proof test needs the number of its written record"
        elif moment > asked.time_ns:
            reason = "the test lies in the future"
        elif moment <= self.tested_ns[asked.row, subsystem]:
            reason = "there is a later test of it on record already"
        if reason or subsystem is None or moment is None:
            return Answered(reason=reason)
        left_good = asked.request.body.get("left_good") is True
        rows = self._same(asked.row, subsystem) if left_good else []
        for row in rows:
            if moment > self.tested_ns[row, subsystem]:
                self.tested_ns[row, subsystem], self.deferred_ns[row, subsystem] = moment, 0
        body = {
            "subsystem": SUBSYSTEMS[subsystem],
            "tested_ns": int(moment),
            "result": result,
            "failed": failed,
            "left_good": left_good,
            "document": document,
            "functions": [self._names[row] for row in rows],
        }
        return Answered(kind="proof_test_recorded", body=body)

    def defer(self, asked: "_Asked") -> Answered:
        """A later day for the next test."""
        subsystem, until = asked.subsystem(), asked.moment("until")
        if subsystem is None or until is None:
            return Answered(reason="a deferral needs its subsystem (sensors, logic or elements) and the new day")
        row = asked.row
        tested, due = int(self.tested_ns[row, subsystem]), int(self.due_ns()[row, subsystem])
        if reason := asked.other_person("a deferral") or ("" if asked.text("comment") else "a deferral needs a reason"):
            return Answered(reason=reason)
        if tested == NOT_KNOWN:
            return Answered(reason="no test of it is known: there is no interval to defer")
        if self.deferred_ns[row, subsystem]:
            return Answered(reason="it was deferred once already since the last test")
        if until <= due:
            return Answered(reason="the new day is not after the day that it is due")
        interval_h = (until - tested) / NS_PER_H
        pfd, required = deferred_average(self._table, row, subsystem, interval_h), float(self._table.required[row])
        if not pfd <= required:
            found = "cannot be told" if np.isnan(pfd) else f"is {pfd:.3g}"
            return Answered(reason=f"the PFDavg with that interval {found}, and at most {required:.3g} is required")
        self.deferred_ns[row, subsystem] = until
        body = {"subsystem": SUBSYSTEMS[subsystem], "until_ns": until, "due_ns": due, "pfd": float(f"{pfd:.6g}")}
        return Answered(kind="proof_test_deferred", body=body)

    def credit(self, asked: "_Asked") -> Answered:
        """A real trip as a partial test of the final elements that were seen to move."""
        row, names = asked.row, asked.request.body.get("elements")
        own = self._elements[row]
        if not isinstance(names, list) or not names or not all(name in own for name in names):
            return Answered(reason=f"name final elements of {asked.request.subject}: {', '.join(own)}")
        if reason := asked.other_person("the credit of a trip"):
            return Answered(reason=reason)
        if np.isnan(self._table.trip_coverage[row, ELEMENTS]):
            return Answered(reason="the plant file declares no trip_coverage for its final elements")
        at = [own.index(name) for name in names]
        since = int(self.tested_ns[row, ELEMENTS])
        still = [own[j] for j in at if self.moved_ns[row, j] <= max(since, int(self.credited_ns[row, j]))]
        if still:
            return Answered(reason=f"not seen to move in a trip since the last test or credit: {', '.join(still)}")
        self.credited_ns[row, at] = self.moved_ns[row, at]
        body = {"elements": names, "moved_ns": [int(self.moved_ns[row, j]) for j in at]}
        return Answered(kind="trip_credited", body=body)

    def _same(self, row: int, subsystem: int) -> list[int]:
        """Functions whose devices of that subsystem are among those of `row`."""
        tested = self._devices[row][subsystem]
        return [i for i, devices in enumerate(self._devices) if devices[subsystem] <= tested]

    def retrace(self, kind: str, subject: str, body: Mapping[str, Any]) -> None:
        """Take in an event of the journal as it was done; names that this plant does not have are left out."""
        if kind == "proof_test_recorded":
            subsystem = SUBSYSTEMS.index(body["subsystem"])
            for row in (self._row[name] for name in body["functions"] if name in self._row):
                if body["tested_ns"] > self.tested_ns[row, subsystem]:
                    self.tested_ns[row, subsystem], self.deferred_ns[row, subsystem] = body["tested_ns"], 0
            return
        row = self._row.get(subject, -1)
        if row < 0:
            return
        if kind == "proof_test_deferred":
            self.deferred_ns[row, SUBSYSTEMS.index(body["subsystem"])] = body["until_ns"]
            return
        moments = self.moved_ns if kind == "elements_moved" else self.credited_ns
        for name, moment in zip(body["elements"], body["moved_ns"], strict=True):
            if name in self._elements[row]:
                moments[row, self._elements[row].index(name)] = moment

    def state(self) -> Arrays:
        """For a snapshot."""
        return {
            "tested_ns": self.tested_ns,
            "deferred_ns": self.deferred_ns,
            "moved_ns": self.moved_ns,
            "credited_ns": self.credited_ns,
        }

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave; a later test in the plant file goes before an earlier one on record."""
        self.tested_ns = np.maximum(arrays["tested_ns"], self._table.tested_ns)
        later = self.tested_ns > arrays["tested_ns"]
        self.deferred_ns = np.where(later, 0, arrays["deferred_ns"])
        self.moved_ns, self.credited_ns = arrays["moved_ns"].copy(), arrays["credited_ns"].copy()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request about the function in `row`, taken up at `time_ns`."""

    row: int
    request: Request
    time_ns: int

    def text(self, key: str) -> str:
        value = self.request.body.get(key, "")
        return value.strip()[:TEXT_MAX] if isinstance(value, str) else ""

    def subsystem(self) -> int | None:
        name = self.text("subsystem")
        return SUBSYSTEMS.index(name) if name in SUBSYSTEMS else None

    def moment(self, key: str) -> int | None:
        """A day or a time; without a zone it is UTC."""
        try:
            found = datetime.fromisoformat(self.text(key))
        except ValueError:
            return None
        return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()) * 10**9

    def other_person(self, what: str) -> str:
        second = self.request.second_actor.strip()
        if not second:
            return f"{what} needs a second person"
        if second.casefold() == self.request.actor.strip().casefold():
            return f"{self.request.actor} asked for it; the second person must be another"
        return ""


PROOF_ACTS: dict[RequestKind, Callable[[ProofTests, _Asked], Answered]] = {
    RequestKind.PROOF_TEST: ProofTests.record,
    RequestKind.DEFER_TEST: ProofTests.defer,
    RequestKind.CREDIT_TRIP: ProofTests.credit,
}
"""The kinds of requests that `answer` decides."""

TEST_EVENTS = ("proof_test_recorded", "proof_test_deferred", "elements_moved", "trip_credited")
"""What `retrace` takes in."""

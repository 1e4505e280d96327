"""The demand machine on random traces, against a slow one that looks everything up in the history."""

from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsafe.plant.model import PlantFile
from plantsafe.protection.answer import Answer
from plantsafe.protection.demand import Memory, Phase, TripCause, step
from plantsafe.protection.tables import FunctionTable

NO, YES, UNKNOWN = Answer.NO, Answer.YES, Answer.UNKNOWN
PERIOD_S, RESPONSE_S, LAG_S = 1.0, 3.0, 0.5


@dataclass(frozen=True)
class Row:
    number: int
    vote: Answer
    needed: bool
    safe: Answer
    trip: Answer

    @property
    def demand(self) -> Answer:
        return self.vote if self.needed else NO


@dataclass
class Story:
    """One function, in words: `tell` takes a scan and returns what happened in it."""

    rows: list[Row] = field(default_factory=list)
    phase: Phase = Phase.IDLE
    start: tuple[int, int] = (0, 0)
    trip_on: bool = False
    trip_cause: TripCause = TripCause.NOT_TRIPPED

    def last(self, **what: Answer) -> int:
        hits = [r.number for r in self.rows if all(getattr(r, name) == value for name, value in what.items())]
        return hits[-1] if hits else 0

    def tell(self, row: Row) -> list[object]:
        told: list[object] = []
        n, owed = row.number, Phase.WAITING
        rises = row.trip == YES and not self.trip_on and self.last(trip=NO) > 0
        if rises and row.vote == UNKNOWN and row.needed:
            row = replace(row, vote=YES)  # the safety system saw it
        if self.phase == Phase.IDLE and row.demand == YES:
            self.phase, self.start = owed, (self.last(demand=NO), n)
            told.append(("started", *self.start))
        elif self.phase == Phase.SETTLED and row.demand == YES and row.safe == NO:
            self.phase, self.start = owed, (self.last(safe=YES), n)
            told.append(("lost", *self.start))
        previous = self.rows[-1] if self.rows else None
        quiet_before = previous is not None and previous.vote == NO and previous.number == n - 1
        untripped_before = previous is not None and previous.trip == NO
        self.rows.append(row)

        if self.phase in (Phase.WAITING, Phase.FAILED):
            if row.safe == YES:
                told.append(("reached", *self.response()))
                self.phase = Phase.SETTLED
            elif self.phase == Phase.WAITING and row.safe == NO and n - self.start[1] + LAG_S > RESPONSE_S:
                told.append("failed")
                self.phase = Phase.FAILED
        latched = self.phase == Phase.SETTLED and row.trip == YES and row.safe == YES
        if row.demand == NO and self.phase != Phase.WAITING and not latched:
            self.phase = Phase.IDLE

        explained = row.vote == YES or self.phase != Phase.IDLE
        unexplained = TripCause.NOT_RESOLVED
        if self.trip_cause == TripCause.PENDING:
            spurious = quiet_before and row.vote == NO
            self.trip_cause = TripCause.DEMAND if explained else TripCause.SPURIOUS if spurious else unexplained
            told.append(self.trip_cause)
        elif row.trip == YES and not self.trip_on:
            sharp = quiet_before and row.vote == NO and untripped_before
            self.trip_cause = TripCause.DEMAND if explained else TripCause.PENDING if sharp else unexplained
            told.append("tripped")
            if self.trip_cause != TripCause.PENDING:
                told.append(self.trip_cause)
        self.trip_on = row.trip == YES or (self.trip_on and row.trip == UNKNOWN)
        if not self.trip_on:
            self.trip_cause = TripCause.NOT_TRIPPED
        return told

    def response(self) -> tuple[float, float]:
        before, at = self.start
        run = [self.rows[-1]]  # backwards through the unbroken scans with a safe state
        for row in reversed(self.rows[:-1]):
            if row.safe != YES or row.number != run[-1].number - 1:
                break
            run.append(row)
        safe_at = run[-1].number
        if before and safe_at <= before:
            return 0.0, 0.0
        lo_s = max(0, self.last(safe=NO) - at) * PERIOD_S + LAG_S
        return lo_s, (safe_at - before) * PERIOD_S + LAG_S if before else np.inf


def table(n: int) -> FunctionTable:
    """What the machine reads of a table."""
    columns = dict.fromkeys(FunctionTable.__slots__, np.empty(0))
    times = {"response_s": np.full(n, RESPONSE_S), "sensor_lag_s": np.full(n, LAG_S), "period_s": PERIOD_S}
    return FunctionTable(**(columns | times))


ANSWERS = st.sampled_from([NO, NO, YES, YES, UNKNOWN])
SCAN = st.tuples(st.sampled_from([1, 1, 1, 1, 1, 3]), ANSWERS, st.sampled_from([True, True, False]), ANSWERS, ANSWERS)


@settings(max_examples=400)
@given(st.lists(SCAN, min_size=1, max_size=25))
def test_the_machine_tells_the_same_as_the_story(scans: list[tuple[int, Answer, bool, Answer, Answer]]) -> None:
    one, story, memory, number = table(1), Story(), Memory.fresh(1), 0
    for ahead, vote, needed, safe, trip in scans:
        last, number = number, number + ahead
        memory, happened = step(
            memory,
            one,
            number=number,
            last=last,
            vote=np.array([vote], dtype=np.uint8),
            needed=np.array([needed]),
            safe=np.array([safe], dtype=np.uint8),
            tripped=np.array([trip], dtype=np.uint8),
        )
        told: list[object] = []
        if happened.started[0]:
            told.append(("started", int(memory.demand_before[0]), int(memory.demand_at[0])))
        if happened.lost[0]:
            told.append(("lost", int(memory.demand_before[0]), int(memory.demand_at[0])))
        if happened.reached[0]:
            told.append(("reached", float(memory.lo_s[0]), float(memory.hi_s[0])))
        if happened.failed[0]:
            told.append("failed")
        if happened.tripped[0]:
            told.append("tripped")
        if happened.judged[0]:
            told.append(TripCause(int(happened.cause[0])))
        assert told == story.tell(Row(number, vote, needed, safe, trip))
        assert memory.phase[0] == story.phase
        assert memory.cause[0] == story.trip_cause


def test_the_words_of_the_file_and_of_the_tables_agree() -> None:
    schema = PlantFile.model_json_schema()["$defs"]["SafetyFunction"]["properties"]
    assert schema["on_fault"]["enum"] == schema["on_bypass"]["enum"] == ["vote_trip", "vote_healthy", "remove"]

"""States rebuilt from the journal alone are those of the engine, at any point, whatever people and the plant did."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsafe.journal.chain import GENESIS, chained
from plantsafe.journal.project import Projection, projected
from plantsafe.request import RequestKind
from plantsafe.scan.engine import Engine
from plantsafe.store.record import Archived, RecordReader, RecordWriter

TEXT = {"en": "text", "zh": "文字"}
ACTS = ("ack", "shelve", "one_shot", "unshelve", "out", "back", "reset", "confirm", "group")
STEP = st.tuples(
    st.sampled_from(["", "", *ACTS, "restart"]),
    st.sampled_from(["F.L", "P.H", "T.HH", "T.H"]),
    st.fixed_dictionaries({}, optional={name: st.booleans() for name in ("F", "P", "T", "byp1", "byp2")}),
    st.integers(1, 70),
)
HOLDS = {"F": (5.0, 20.0), "P": (55.0, 40.0), "T": (90.0, 60.0), "byp1": (1.0, 0.0), "byp2": (1.0, 0.0)}


@pytest.fixture(scope="module")
def make(make_trace: Callable[..., Any], small_document: dict[str, Any]) -> Callable[[], Any]:
    """A plant with an alarm of every habit, and a safety function whose two channels have bypass bits."""
    habits: dict[str, dict[str, Any]] = {
        "F.L": {"suppress": '"HC" > 2', "shelve_max_min": 1, "realarm_min": 0.1, "first_out": "G"},
        "P.H": {"latching": True, "shelve_max_min": 1, "first_out": "G"},
        "T.H": {"confirm": True, "on_delay_s": 0, "off_delay_s": 0, "shelve_max_min": 1},
    }
    alarms = [alarm | habits.get(alarm["name"], {}) for alarm in small_document["alarms"]]
    bits = [
        {
            "name": name, "title": TEXT, "unit": "R1", "source": "SIS", "range": [0.0, 10.0], "kind": "state",
            "modbus": {"table": "input", "address": 20 + 2 * i},
        }
        for i, name in enumerate(("byp1", "byp2", "TRIP", "V1"))
    ]  # fmt: skip
    function = {
        "name": "F1", "title": TEXT, "unit": "R1", "direction": "H", "setpoint": 100.0, "vote": 1,
        "inputs": [{"point": "T", "bypass": "byp1"}, {"point": "P", "bypass": "byp2"}], "on_fault": "vote_trip",
        "on_bypass": "remove", "tripped": "TRIP", "elements": [{"name": "XV1", "feedback": "V1", "safe_value": 0.0}],
        "element_vote": 1, "response_s": 3.0, "sil": 1, "rrf": 50.0, "consequence": TEXT, "action": TEXT,
    }  # fmt: skip

    def made() -> Any:
        trace = make_trace(alarms=alarms, points=[*small_document["points"], *bits], functions=[function])
        trace.values |= {"byp1": 0.0, "byp2": 0.0, "TRIP": 0.0, "V1": 1.0}
        return trace

    return made


class Journal:
    """Takes the steps, and the events that they give."""

    def __init__(self, trace: Any) -> None:
        self.trace, self.projection = trace, Projection()
        self.rows: list[Any] = []

    def step(self, act: str, name: str, holds: dict[str, bool], minutes: int) -> None:
        trace = self.trace
        match act:
            case "ack":
                trace.ack(name)
            case "shelve" | "one_shot":
                trace.ask(
                    RequestKind.SHELVE, name, minutes=minutes / 70, one_shot=act == "one_shot", comment="calibration"
                )
            case "out":
                trace.ask(RequestKind.OUT_OF_SERVICE, name, second="Wang Wei", permit="M1", comment="x")
            case "group":
                trace.ask(RequestKind.RESET, "G", occurrence=0)
            case "restart":
                again = Engine(trace.engine.plant, approved=True)
                again.restore(trace.engine.snapshot())
                trace.engine = again
            case "unshelve" | "reset" | "confirm":
                trace.ask(RequestKind(act), name)
            case "back":
                trace.ask(RequestKind.RETURN_TO_SERVICE, name)
        trace.scan(HC=3.0 if minutes % 5 == 0 else 1.0, **{k: HOLDS[k][0 if on else 1] for k, on in holds.items()})
        before = (self.rows[-1].seq, self.rows[-1].hash) if self.rows else (0, GENESIS)
        new = chained(trace.last.facts, scan=trace.number, time_ns=trace.number, seq=before[0], previous=before[1])
        self.rows += new
        for row in new:
            self.projection.take(row.kind, row.subject, row.scan, row.body)

    def agrees(self) -> None:
        """Open alarms, shelf with its end, out of service, bypasses and counters."""
        said, engine = self.projection.states(), self.trace.engine
        book, lives = engine.book, engine.book.open()
        assert said.conditions.keys() == lives.keys()
        for name, entry in lives.items():
            assert said.conditions[name].agrees(entry), name
        assert said.shelf().keys() == {n for n, e in lives.items() if "shelved" in e.suppression}
        assert said.out_of_service().keys() == {n for n, e in lives.items() if "out_of_service" in e.suppression}
        bypassed = next(check for check in engine.checks if check.name == "functions").state()["bypassed"]
        channels = [channel.point for channel in engine.plant.file.functions[0].inputs]
        assert said.bypasses.keys() == {("F1", channels[j]) for j in np.flatnonzero(bypassed[0])}
        assert said.last_occurrence == int(book.occurrence.max())
        for name, entry in lives.items():
            row = book.row[name]
            assert said.realarms.get(name, 0) == book.realarm_count[row], name
            assert entry.occurrence == said.conditions[name].occurrence
        shelved = np.flatnonzero(book.shelved_times)
        assert said.shelvings == {
            book.conditions[i].name: (int(book.shelf_shift[i]), int(book.shelved_times[i])) for i in shelved.tolist()
        }


@settings(max_examples=40)
@given(steps=st.lists(STEP, min_size=1, max_size=60))
def test_the_journal_says_what_the_engine_knows_at_any_point(make: Any, steps: list[Any]) -> None:
    journal = Journal(make())
    for step in steps:
        journal.step(*step)
        journal.agrees()
    document = json.loads(json.dumps(journal.projection.document()))
    assert Projection.of_document(document).states() == journal.projection.states()


def test_a_long_walk_agrees_at_every_step_over_shelves_and_alarms_that_sound_again(make: Any) -> None:
    dice, journal = random.Random(5), Journal(make())
    held = dict.fromkeys(HOLDS, False)
    seen_realarm = seen_shelvings = 0
    for _ in range(1500):
        for name in HOLDS:
            held[name] ^= dice.random() < 0.06
        act = dice.choice(ACTS) if dice.random() < 0.4 else ""
        journal.step(act, dice.choice(["F.L", "F.L", "P.H", "T.H", "T.HH"]), held, dice.randint(1, 8))
        journal.agrees()
        states = journal.projection.states()
        seen_realarm = max([seen_realarm, *states.realarms.values()])
        seen_shelvings = max([seen_shelvings, *(times for _, times in states.shelvings.values())])
    assert seen_realarm > 0
    assert seen_shelvings > 1


def test_states_are_the_same_when_the_first_part_was_moved_out(make: Any, tmp_path: Path) -> None:
    journal = Journal(make())
    for i in range(120):
        act, name = (*ACTS, "")[i % 10], ("F.L", "P.H", "T.H")[i % 3]
        journal.step(act, name, {"F": i % 4 < 2, "P": i % 9 < 3, "T": i % 7 < 3, "byp1": i % 50 < 20}, 1 + i % 70)
    writer = RecordWriter(tmp_path)
    writer.write_events(journal.rows)
    with RecordReader(tmp_path) as reader:
        whole = projected(reader)
        assert whole.conditions == journal.projection.states().conditions
        half = Projection()
        at = journal.rows[len(journal.rows) // 2]
        for row in journal.rows[: len(journal.rows) // 2 + 1]:
            if row.kind in _read():
                half.take(row.kind, row.subject, row.scan, row.body)
        writer.archive(Archived(seq=at.seq, hash=at.hash, state=json.dumps(half.document())))
        while writer.drop_archived(_read()):
            pass
        assert projected(reader) == whole
    writer.close()


def _read() -> tuple[str, ...]:
    from plantsafe.journal.project import STATE_KINDS

    return STATE_KINDS

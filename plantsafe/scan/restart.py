"""Taking up where the record ends: the last snapshot, the frames and requests since, and the journal as witness."""

from collections.abc import Mapping
from dataclasses import dataclass

from plantsafe.journal.chain import GENESIS
from plantsafe.journal.project import ALARM_KINDS, OpenCondition, open_conditions
from plantsafe.scan.engine import ENGINE_VERSION, Engine
from plantsafe.store.record import RecordReader
from plantsafe.verdict import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """Where the record stands after a restart, and what the journal should know of it."""

    last_number: int
    last_time_ns: int
    seq: int
    head: str
    cursor: int
    clean_stop: bool
    facts: tuple[Fact, ...]


def resume(engine: Engine, reader: RecordReader) -> Resumed:
    """Bring `engine` to the state after the last recorded scan, without recording anything."""
    newest = next(iter(reader.events(newest=1)), None)
    last = next(iter(reader.frames(reader.last_number(), reader.last_number())), None)
    opened = open_conditions(reader.events(kinds=ALARM_KINDS))
    facts = _replayed(engine, reader, opened) if last is not None else []
    return Resumed(
        last_number=last.number if last else 0,
        last_time_ns=last.time_ns if last else 0,
        seq=newest.seq if newest else 0,
        head=newest.hash if newest else GENESIS,
        cursor=reader.inbox_cursor(),
        clean_stop=newest is not None and newest.kind == "service_stopped",
        facts=tuple(facts),
    )


def _replayed(engine: Engine, reader: RecordReader, opened: Mapping[str, OpenCondition]) -> list[Fact]:
    last_number = reader.last_number()
    snapshot = reader.snapshot(engine.plant.hash, ENGINE_VERSION)
    newest_plant = reader.newest_plant()
    if snapshot is None or newest_plant is None or newest_plant[0] != engine.plant.hash:
        if reader.scan_count() and _whole_run(engine, reader):
            return _replay(engine, reader, reader.first_number(), opened)
        return _adopted(engine, opened, last_number)
    engine.restore(snapshot.data)
    return _replay(engine, reader, snapshot.number + 1, opened)


def _whole_run(engine: Engine, reader: RecordReader) -> bool:
    """No snapshot yet: a short first run of this very plant can be stepped from its beginning."""
    first, last = reader.first_number(), reader.last_number()
    return first == 1 and last <= 600 and all(f.plant == engine.plant.hash for f in reader.frames(first, last))


def _replay(engine: Engine, reader: RecordReader, first: int, opened: Mapping[str, OpenCondition]) -> list[Fact]:
    for frame in reader.frames(first, reader.last_number()):
        engine.step(frame, reader.taken(frame.number))
    stepped = engine.book.names_by_state()
    journal = {name: (entry.state, entry.occurrence) for name, entry in opened.items()}
    return [
        Fact(
            kind="restart_difference",
            subject=name,
            body={"stepped": list(stepped.get(name, ("NORM", 0))), "journal": list(journal.get(name, ("NORM", 0)))},
        )
        for name in sorted(stepped.keys() | journal.keys())
        if stepped.get(name) != journal.get(name)
    ]


def _adopted(engine: Engine, opened: Mapping[str, OpenCondition], last_number: int) -> list[Fact]:
    """Another plant or engine: alarm states by name, the rest anew; alarms of removed points close as removed."""
    states = {name: (entry.state, entry.occurrence) for name, entry in opened.items()}
    last_occurrence = max((entry.occurrence for entry in opened.values()), default=0)
    removed = engine.adopt(states, number=last_number, last_occurrence=last_occurrence)
    return [
        Fact(kind="alarm_removed", subject=name, body={"state": "NORM", "occurrence": states[name][1]})
        for name in removed
    ]

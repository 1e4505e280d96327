"""Taking up where the record ends: the last snapshot, the frames and requests since, and the journal as witness."""

from collections.abc import Mapping
from dataclasses import dataclass

from plantsafe.checks.normal import NormalModel
from plantsafe.journal.chain import begin_of
from plantsafe.journal.project import OpenCondition, States, projected
from plantsafe.plant import Plant, plant_of_document
from plantsafe.protection import LEDGER_KINDS, Ledger
from plantsafe.scan.engine import ENGINE_VERSION, Engine
from plantsafe.scan.model import model_in_use, model_or_why
from plantsafe.store.record import RecordReader, Snapshot
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


def approved_in_journal(reader: RecordReader, plant_hash: str) -> bool:
    """True where the journal holds an approval of this plant description."""
    return next(iter(reader.events(kinds=("plant_approved",), subject=plant_hash)), None) is not None


def resume(plant: Plant, reader: RecordReader) -> tuple[Engine, Resumed]:
    """An engine of `plant` in the state after the last recorded scan; nothing is recorded.

    The same plant and engine version: as if it had never stopped. Another plant: memories go over by name. Another
    engine version: alarm states by name from the journal, the rest anew.
    """
    newest = next(iter(reader.events(newest=1)), None)
    seq, head = (newest.seq, newest.hash) if newest is not None else begin_of(reader)
    last = next(iter(reader.frames(reader.last_number(), reader.last_number())), None)
    engine = Engine(plant, approved=approved_in_journal(reader, plant.hash))
    facts: list[Fact] = []
    if last is not None:
        engine, facts = _taken_up(engine, reader)
    return engine, Resumed(
        last_number=last.number if last else 0,
        last_time_ns=last.time_ns if last else 0,
        seq=seq,
        head=head,
        cursor=reader.inbox_cursor(),
        clean_stop=newest is not None and newest.kind == "service_stopped",
        facts=tuple(facts),
    )


def _taken_up(engine: Engine, reader: RecordReader) -> tuple[Engine, list[Fact]]:
    """The first scan of every run and every plant carries a snapshot, so the newest one belongs to the newest frame."""
    said = projected(reader)
    opened = said.conditions
    model = model_or_why(reader.path.parent, model_in_use(reader))
    missing = [model] if isinstance(model, Fact) else []
    normal = None if isinstance(model, Fact) else model
    newest = reader.newest_plant()
    assert newest is not None  # noqa: S101  # every frame names its plant
    snapshot = reader.snapshot(newest[0], ENGINE_VERSION)
    if snapshot is None:
        engine.use(normal)
        return engine, [*missing, *_adopted(engine, said, reader)]
    if newest[0] == engine.plant.hash:
        return engine, [*missing, *_stepped(engine, reader, snapshot, opened, normal)]
    before = Engine(plant_of_document(newest[1]))
    differences = _stepped(before, reader, snapshot, opened, normal)
    return engine, [*missing, *differences, *carried(before, engine)]


def _stepped(
    engine: Engine,
    reader: RecordReader,
    snapshot: Snapshot,
    opened: Mapping[str, OpenCondition],
    model: NormalModel | None,
) -> list[Fact]:
    """Step what came after the snapshot; where the engine and the journal differ is told.

    model: the one in use; the first scan with another one carries a snapshot, so it was in use at this one too.
    """
    engine.restore(snapshot.data, model)
    for frame in reader.frames(snapshot.number + 1, reader.last_number()):
        engine.step(frame, reader.taken(frame.number))
    stepped = engine.book.open()
    return [
        Fact(
            kind="restart_difference",
            subject=name,
            body={"stepped": _told(stepped.get(name)), "journal": _told(opened.get(name))},
        )
        for name in sorted(stepped.keys() | opened.keys())
        if not _agree(stepped.get(name), opened.get(name))
    ]


def _agree(one: OpenCondition | None, other: OpenCondition | None) -> bool:
    return one is not None and other is not None and one.agrees(other)


def _told(entry: OpenCondition | None) -> list[str | int]:
    if entry is None:
        return ["NORM", 0]
    return [entry.state, entry.occurrence, *entry.suppression, entry.shelf_until, entry.first_out]


def carried(before: Engine, after: Engine) -> list[Fact]:
    """Memories go over by name; open alarms of what is gone close as removed."""
    opened = before.book.open()
    return [_removed(name, opened[name].occurrence) for name in after.carry_over(before)]


def _adopted(engine: Engine, said: States, reader: RecordReader) -> list[Fact]:
    """Another engine version: alarm states and the ledger of the functions from the journal, the rest anew.

    No occurrence is named twice.
    """
    ledger, last = Ledger(engine.plant), reader.last_number()
    ledger.take(reader.events(kinds=LEDGER_KINDS))
    frame = next(iter(reader.frames(last, last)))
    gone = engine.adopt(said.conditions, number=last, time_ns=frame.time_ns, ledger=ledger)
    engine.book.reserve(said.last_occurrence)
    return [_removed(name, said.conditions[name].occurrence) for name in gone]


def _removed(name: str, occurrence: int) -> Fact:
    return Fact(kind="alarm_removed", subject=name, body={"state": "NORM", "occurrence": occurrence})

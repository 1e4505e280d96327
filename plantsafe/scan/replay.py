"""A stored run stepped through a fresh engine: what the engine says must be what the journal holds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from plantsafe.errors import StoreError
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import plant_of_document
from plantsafe.scan.engine import ENGINE_VERSION, Engine
from plantsafe.scan.model import model_of_folder, models_used
from plantsafe.scan.restart import carried
from plantsafe.verdict import Fact

SERVICE_KINDS = (
    "service_started",
    "service_stopped",
    "scans_lost",
    "scan_late",
    "settings_audited",
    "settings_audit_failed",
    "settings_differ",
    "restart_difference",
    "alarm_removed",
    "plant_loaded",
    "plant_load_failed",
    "model_loaded",
    "model_load_failed",
    "archive_failed",
    "record_failed",
    "record_recovered",
)
"""Events that the running service adds; the engine does not say them."""
_UNLIKE = frozenset({"effect_missing", "effect_unexplained", "effect_forbidden"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How many scans were stepped, how many events the engine gave, and where they differ from the journal.

    trips: effects that the cause-and-effect matrix asked for. unlike: where final elements did something else.
    """

    scans: int
    events: int
    differences: tuple[str, ...]
    trips: int
    unlike: tuple[str, ...]
    final: bytes


def replay(history: HistoryReader) -> Replayed:
    """Step every recorded frame with the requests it took up, over changes of the plant description too.

    The record must begin at its first scan.
    """
    first, last = history.first_number(), history.last_number()
    if last == 0:
        raise StoreError("the record holds no scan", mend="let the scan service run first")
    _same_engine(history)
    uses, models = _uses(history), models_used(history.record)
    engine: Engine | None = None
    recorded = _recorded(history)
    differences: list[str] = []
    unlike: list[str] = []
    scans = events = trips = 0
    for frame in history.frames(first, last):
        if engine is None or frame.plant != engine.plant.hash:
            engine = _engine_of(history, frame.plant, _approved_at(uses, frame.plant, frame.number), engine)
        while models and models[0][0] <= frame.number:
            engine.use(model_of_folder(history.folder, models.pop(0)[1]))
        facts = engine.step(frame, history.record.taken(frame.number)).facts
        said = [_text(fact) for fact in facts]
        wrote = recorded.pop(frame.number, [])
        if said != wrote:
            differences.append(_difference(frame.number, said, wrote))
        scans, events = scans + 1, events + len(said)
        trips += sum(fact.kind == "effect_state" and _trips(fact) for fact in facts)
        unlike += [
            f"scan {frame.number}: {fact.subject}"
            for fact in facts
            if fact.kind == "finding_raised" and str(fact.body.get("kind")) in _UNLIKE
        ]
    differences += [f"scan {number}: recorded {wrote[0]}, but no frame" for number, wrote in recorded.items()]
    assert engine is not None  # noqa: S101  # at least one frame was there
    return Replayed(
        scans=scans,
        events=events,
        differences=tuple(differences),
        trips=trips,
        unlike=tuple(unlike),
        final=engine.snapshot(),
    )


def _engine_of(history: HistoryReader, plant_hash: str, approved: bool, before: Engine | None) -> Engine:
    document = history.record.plant_document(plant_hash)
    if document is None:
        raise StoreError(f"the record lacks the plant description {plant_hash[:12]}", mend="restore it from a backup")
    engine = Engine(plant_of_document(document), approved=approved)
    if before is not None:
        carried(before, engine)
    return engine


def _uses(history: HistoryReader) -> list[tuple[int, str, bool]]:
    """Every start and load: its scan, its plant description, and whether that was approved then."""
    found = []
    for event in history.record.events(kinds=("service_started", "plant_loaded")):
        body = json.loads(event.body)
        found.append((event.scan, str(body["plant"]), bool(body["approved"])))
    return found


def _approved_at(uses: Sequence[tuple[int, str, bool]], plant_hash: str, number: int) -> bool:
    fitting = [approved for scan, plant, approved in uses if plant == plant_hash and scan <= number]
    return bool(fitting) and fitting[-1]


def _same_engine(history: HistoryReader) -> None:
    for event in history.record.events(kinds=("service_started",)):
        body = json.loads(event.body)
        if body["engine"] != ENGINE_VERSION:
            raise StoreError(
                f"the run was judged by engine {body['engine']}; this is {ENGINE_VERSION}",
                mend="replay it with that version",
            )


def _recorded(history: HistoryReader) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for event in history.record.events():
        if event.kind not in SERVICE_KINDS:
            found.setdefault(event.scan, []).append(f"{event.kind} {event.subject} {event.actor} {event.body}")
    return found


def _trips(fact: Fact) -> bool:
    return fact.body["from"] in ("normal", "trip_delayed", "waiting_start_permit") and fact.body["to"] in (
        "tripped",
        "waiting_reset_permit",
        "ready_to_reset",
    )


def _text(fact: Fact) -> str:
    body = json.dumps(fact.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"{fact.kind} {fact.subject} {fact.actor} {body}"


def _difference(number: int, said: Sequence[str], wrote: Sequence[str]) -> str:
    only_said = [text for text in said if text not in wrote]
    only_wrote = [text for text in wrote if text not in said]
    return f"scan {number}: stepped {only_said[:2]}, recorded {only_wrote[:2]}"

"""The settings in use against the approved ones, once a day: alarm management audits them (ISA-18.2 clause 18).

What runs is the compiled description in the memory of the engine; what was approved is the newest description that a
second person approved. Both are compared entry by entry, and the arrays in memory with the description they were made
of, so that neither an approval that was never loaded nor a changed limit stays unseen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from plantsafe.plant import plant_of_document
from plantsafe.plant.diff import differences
from plantsafe.scan.engine import Engine
from plantsafe.store.record import RecordReader
from plantsafe.verdict import Fact

TOLD_MAX = 200  # differences that are told one by one; the others are counted (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the journal is told, and how many settings differ from the approved ones."""

    facts: tuple[Fact, ...]
    differ: int


def day_of(time_ns: int, zone: str) -> int:
    """The day of an instant on the site's calendar, as a number."""
    return datetime.fromtimestamp(time_ns / 1e9, ZoneInfo(zone)).date().toordinal()


def audit(engine: Engine, folder: Path) -> Audit:
    """Compare what runs with what was approved; without any approval only the memory with its description."""
    plant = engine.plant
    found = [(name, said, said) for name, said in _in_memory(engine)]
    with RecordReader(folder) as reader:
        newest = next(iter(reader.events(kinds=("plant_approved",), newest=1)), None)
        approved = "" if newest is None else newest.subject
        document = reader.plant_document(approved) if approved not in ("", plant.hash) else None
    if document is not None:
        changes = differences(plant_of_document(document), plant)
        found += [(change.name, change.en, change.zh) for change in changes]
    elif approved not in ("", plant.hash):
        en = f"the approved description {approved[:12]} is another one; the record does not hold it"
        found.append(("plant", en, f"已批准的装置描述 {approved[:12]} 与运行中的不同，且记录中没有该描述"))
    facts = [
        Fact(kind="settings_differ", subject=name, body={"change": en, "change_zh": zh})
        for name, en, zh in found[:TOLD_MAX]
    ]
    body = {"plant": plant.hash, "approved": approved, "differences": len(found)}
    return Audit(facts=(Fact(kind="settings_audited", subject="service", body=body), *facts), differ=len(found))


def _in_memory(engine: Engine) -> Iterator[tuple[str, str]]:
    """Arrays of the limit alarms that are not what their description says."""
    plant, table = engine.plant, engine.plant.alarms
    priority = engine.book.about.priority
    for i, alarm in enumerate(plant.file.alarms):
        row = engine.book.row[alarm.name]
        for field, has, said in (
            ("limit", float(table.limit[i]), alarm.limit),
            ("deadband", float(table.deadband[i]), alarm.deadband),
            ("on_delay_s", int(table.on_delay_scans[i]), plant.scans(alarm.on_delay_s)),
            ("off_delay_s", int(table.off_delay_scans[i]), plant.scans(alarm.off_delay_s)),
            ("priority", int(priority[row]), alarm.priority),
        ):
            if has != said:
                yield alarm.name, f"alarm {alarm.name}: {field} in use is {has:g}, its description says {said:g}"

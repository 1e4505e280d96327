"""What changed between two plant descriptions, in words, and which functions, alarms and rules it touches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from plantsafe.plant.tables import Plant

Named = Mapping[str, Any]

KINDS = {
    "workshops": ("workshop", "车间"),
    "partitions": ("partition", "防爆分区"),
    "units": ("unit", "单元"),
    "sources": ("source", "数据源"),
    "points": ("point", "测点"),
    "alarms": ("alarm", "报警"),
    "functions": ("safety function", "安全功能"),
    "gas_detectors": ("gas detector", "气体探测器"),
    "seal_places": ("place of the seals", "封印存放处"),
}
"""Collections that are compared entry by entry, with their words; any other named list is called by its key."""

RULES = {
    ("partitions", "head_count_max"): "head-count per partition",
    ("workshops", "head_count_max"): "head-count per workshop",
    ("gas_detectors", "level_1"): "GB/T 50493-2019 5.5.2",
    ("gas_detectors", "level_2"): "GB/T 50493-2019 5.5.2",
    ("units", "parameters"): "monitored parameters of nitration",
    ("units", "hazard"): "GB/T 42300-2022 reaction hazard class",
}
"""Which rule a change of a field touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: the entry and field, both values, what it touches, and the sentence in both languages."""

    collection: str
    name: str
    field: str
    old: Any
    new: Any
    touches: tuple[str, ...]
    en: str
    zh: str


def differences(old: Plant, new: Plant) -> tuple[Change, ...]:
    """All changes in the order of the new file, removed entries last in their collection."""
    if old.hash == new.hash:
        return ()
    before, after = _collections(old), _collections(new)
    old_uses, new_uses = _Uses(old), _Uses(new)
    found: list[Change] = []
    for collection in dict.fromkeys([*after, *before]):
        entries = (before.get(collection, {}), after.get(collection, {}))
        found += _of_collection(collection, *entries, old_uses, new_uses)
    return tuple(found)


def _collections(plant: Plant) -> dict[str, Named]:
    """Every list of named entries by its key, and what stands beside them under `file`. Nothing is copied."""
    lists: dict[str, Named] = {}
    plain: set[str] = set()
    for key in type(plant.file).model_fields:
        value = getattr(plant.file, key)
        if isinstance(value, tuple) and value and "name" in type(value[0]).model_fields:
            lists[key] = {entry.name: entry for entry in value}
        else:
            plain.add(key)
    lists["partitions"] = {part.name: part for shop in plant.file.workshops for part in shop.partitions}
    rest = plant.file.model_dump(mode="json", by_alias=True, include=plain)
    return {"file": {"file": rest}, **{key: entries for key, entries in lists.items() if entries}}


def _dumped(entry: Any) -> dict[str, Any]:
    if isinstance(entry, BaseModel):
        return entry.model_dump(mode="json", by_alias=True, exclude={"partitions"})
    return dict(entry)


class _Uses:
    """Who stands on a point, and which functions a source feeds; made when first asked for."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self._of_point: dict[str, list[str]] | None = None

    def of_point(self, name: str) -> tuple[str, ...]:
        """Functions, then alarms, then gas detectors."""
        if self._of_point is None:
            self._of_point = {}
            for function in self.plant.file.functions:
                for point in _points_of(function.model_dump()):
                    self._of_point.setdefault(point, []).append(function.name)
            for alarm in self.plant.file.alarms:
                self._of_point.setdefault(alarm.point, []).append(alarm.name)
            for detector in self.plant.file.gas_detectors:
                self._of_point.setdefault(detector.point, []).append(detector.name)
        return tuple(self._of_point.get(name, ()))


def _of_collection(collection: str, before: Named, after: Named, old: _Uses, new: _Uses) -> Iterator[Change]:
    en, zh = KINDS.get(collection, (collection, collection))
    for name, entry in after.items():
        if name not in before:
            users = _users(collection, name, new)
            yield _change(collection, name, "", None, _dumped(entry), users, f"{en} {name} added", f"新增{zh} {name}")
            continue
        if before[name] is entry or before[name] == entry:
            continue
        was_all, now_all = _dumped(before[name]), _dumped(entry)
        for field in dict.fromkeys([*was_all, *now_all]):
            was, now = was_all.get(field), now_all.get(field)
            if was != now:
                yield _field_change(collection, name, field, was, now, new)
    for name, entry in before.items():
        if name not in after:
            users = _users(collection, name, old)
            yield _change(collection, name, "", _dumped(entry), None, users, f"{en} {name} removed", f"删除{zh} {name}")


def _field_change(collection: str, name: str, field: str, was: Any, now: Any, uses: _Uses) -> Change:
    en, zh = KINDS.get(collection, (collection, collection))
    plant = uses.plant
    touches = list(_users(collection, name, uses))
    if rule := RULES.get((collection, field)):
        touches.append(rule)
    eu = _eu(collection, name, field, plant)
    verb_en, verb_zh = "changed", "改为"
    if isinstance(was, int | float) and isinstance(now, int | float) and not isinstance(now, bool):
        verb_en, verb_zh = ("raised", "上调至") if now > was else ("lowered", "下调至")
    said_en = f"{en} {name}: {field} {verb_en} {_short(was)} to {_short(now)}{eu}"
    said_zh = f"{zh} {name}：{field} 由 {_short(was)} {verb_zh} {_short(now)}{eu}"
    if collection == "alarms" and field == "limit":
        beyond = _trips_passed(name, float(now), plant)
        touches += [trip for trip, _ in beyond]
        for trip, setpoint in beyond:
            said_en += f": beyond the trip of {trip} ({setpoint:g}{eu})"
            said_zh += f"：已超过 {trip} 的联锁值（{setpoint:g}{eu}）"
    return _change(collection, name, field, was, now, tuple(dict.fromkeys(touches)), said_en, said_zh)


def _change(
    collection: str, name: str, field: str, was: Any, now: Any, touches: tuple[str, ...], en: str, zh: str
) -> Change:
    if touches:
        en, zh = f"{en}; touches {', '.join(touches)}", f"{zh}；涉及 {'、'.join(touches)}"
    return Change(collection=collection, name=name, field=field, old=was, new=now, touches=touches, en=en, zh=zh)


def _users(collection: str, name: str, uses: _Uses) -> tuple[str, ...]:
    """Functions, alarms and detectors that stand on an entry."""
    file = uses.plant.file
    if collection == "sources":
        points = {point.name for point in file.points if point.source == name}
        return tuple(f.name for f in file.functions if points & {channel.point for channel in f.inputs})
    return uses.of_point(name) if collection == "points" else ()


def _points_of(value: Any) -> set[str]:
    """Every text inside a nested value: a function names its points in many places."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        value = list(value.values())
    return set().union(*(_points_of(part) for part in value)) if isinstance(value, list | tuple) else set()


def _eu(collection: str, name: str, field: str, plant: Plant) -> str:
    """The unit of measure of a changed figure, with a blank before it."""
    point = ""
    if collection == "alarms" and field in ("limit", "deadband"):
        point = plant.file.alarms[plant.alarms.row[name]].point
    elif collection == "functions" and field == "setpoint":
        point = next(function.inputs[0].point for function in plant.file.functions if function.name == name)
    elif collection == "points" and field == "range":
        point = name
    eu = plant.points.eu[plant.points.row[point]] if point in plant.points.row else ""
    return f" {eu}" if eu else ""


def _trips_passed(alarm_name: str, limit: float, plant: Plant) -> list[tuple[str, float]]:
    """Functions of the alarm's unit that trip on the same side and unit of measure, at or before `limit`."""
    alarm = plant.file.alarms[plant.alarms.row[alarm_name]]
    row = plant.points.row[alarm.point]
    side, eu, unit = alarm.direction[0], plant.points.eu[row], plant.entries[row].unit
    sign = 1.0 if side == "H" else -1.0
    found = []
    for function in plant.file.functions:
        first = plant.points.row[function.inputs[0].point]
        same = function.direction == side and plant.points.eu[first] == eu and plant.entries[first].unit == unit
        if same and sign * (limit - function.setpoint) >= 0:
            found.append((function.name, function.setpoint))
    return found


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_short(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_short(part) for part in value) + "]"
    return "nothing" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

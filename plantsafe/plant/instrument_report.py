"""What came of an instrument list: the table of points, the limits to rationalise, and a report to act on."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from openpyxl.utils import get_column_letter

from plantsafe.plant.instrument_list import Imported, Remark
from plantsafe.plant.model import Point
from plantsafe.plant.table_file import ALARM_COLUMNS, POINT_COLUMNS, points_text, table_text

_TO_FILL = "deadband, priority, class, consequence, action, respond_min"


def points_table(points: Iterable[Point]) -> str:
    """A CSV table that a plant file takes by `points: {table: points.csv}`."""
    return points_text([dict(_cells(point)) for point in points])


def limits_table(imported: Imported) -> str:
    """A CSV table of the limits, its columns those of alarms; what a list does not hold is left to be filled in."""
    rows = [
        {"name": limit.name, "point": limit.point, "direction": limit.direction, "limit": _number(limit.limit)}
        for limit in imported.limits
    ]
    return table_text(ALARM_COLUMNS, rows)


def report_text(imported: Imported) -> str:
    """The report: counts, then what was left out, changed and respelled, each with its place and its mend."""
    return "\n".join(_report(imported)) + "\n"


def _report(imported: Imported) -> Iterator[str]:
    by_kind: dict[str, list[Remark]] = defaultdict(list)
    for remark in imported.remarks:
        by_kind[remark.kind].append(remark)
    left, not_points = imported.rows_with("left out"), imported.rows_with("no point")
    taken = set(imported.places.values())
    changed = imported.rows_with("changed") & taken
    yield f"Instrument list {imported.path.name}"
    yield ""
    yield f"  {imported.rows:6} rows with something in them"
    yield f"  {len(imported.points):6} points taken, {len(changed)} of them with a change of meaning"
    yield f"  {len(left):6} rows left out"
    yield f"  {len(not_points):6} rows that are no points"
    yield f"  {len(imported.limits):6} limits taken; to be filled in for each: {_TO_FILL}"
    yield f"  {len(by_kind['limit left out']):6} limits left out, their points were taken where the row was good"
    if left:
        yield ""
        yield "Why rows were left out"
        for field, count in Counter(remark.field for remark in by_kind["left out"]).most_common():
            yield f"  {count:6} {field}"
    for kind, heading in (
        ("left out", "Left out: mend the list and import it again"),
        ("limit left out", "Limits left out"),
        ("changed", "Taken with a change: compare with the loop sheets"),
        ("note", "Taken; look at it"),
    ):
        if by_kind[kind]:
            yield ""
            yield f"{heading} ({len(by_kind[kind])})"
            yield from map(_line, by_kind[kind])
    if by_kind["respelled"]:
        yield ""
        yield f"Read in another spelling or form, the meaning kept ({len(by_kind['respelled'])} cells)"
        yield from (_line(remark) for remark in by_kind["respelled"] if remark.field == "name")
        yield from _grouped([remark for remark in by_kind["respelled"] if remark.field != "name"])
    if by_kind["no point"]:
        yield ""
        yield "Rows that are no points"
        yield from _grouped(by_kind["no point"])
    if imported.unused:
        yield ""
        yield "Columns that nothing was read from"
        yield from (f"  {heading}" for heading in imported.unused)


def _line(remark: Remark) -> str:
    place = f"{remark.sheet}:{remark.row}:{get_column_letter(remark.column)}"
    name = f" {remark.name}:" if remark.name else ""
    found = f" [{' '.join(remark.found.split())[:60]}]" if remark.found else ""
    mend = f"\n      mend: {remark.mend}" if remark.mend else ""
    return f"  {place}:{name} {remark.field}{found}: {remark.said}{mend}"


def _grouped(remarks: list[Remark]) -> Iterator[str]:
    """One entry for remarks that say the same of a column, with all their rows."""
    groups: dict[tuple[str, int, str, str, str, str], list[int]] = defaultdict(list)
    for remark in remarks:
        found = remark.found if remark.field == "eu" else ""
        key = (remark.sheet, remark.column, remark.field, found, remark.said, remark.mend)
        groups[key].append(remark.row)
    for (sheet, column, field, found, said, mend), rows in groups.items():
        what = f" [{found}]" if found else ""
        yield f"  {sheet}, column {get_column_letter(column)}, {field}{what}: {said} ({len(rows)})"
        if mend:
            yield f"      mend: {mend}"
        yield f"      rows {_runs(rows)}"


def _runs(rows: list[int]) -> str:
    """`3-5, 9` for 3, 4, 5, 9."""
    runs: list[list[int]] = []
    for row in sorted(set(rows)):
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


def _cells(point: Point) -> Iterator[tuple[str, Any]]:
    given = point.model_dump(mode="json", exclude_defaults=True)
    for name in POINT_COLUMNS:
        value: Any = given
        if name.startswith("range."):
            value = point.range[0 if name == "range.low" else 1]
        else:
            for step in name.split("."):
                value = value.get(step) if isinstance(value, dict) else None
        yield name, "" if value is None else _number(value) if isinstance(value, float) else value


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)

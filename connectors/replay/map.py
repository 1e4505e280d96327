"""Which column of an export is what: one column a point (wide), or one row a sample (long)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plantsafe.errors import SourceError
from plantsafe.plant import Plant

TIME_NS, TIMES = "time_ns", ("time", "timestamp")
STATUS, QUALITY = "status", "quality"
POINTS, VALUE = ("point", "tag", "name"), "value"
NONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class WideColumn:
    """A column of values: its place, the point (index in the source) it is of, and where its status or quality is."""

    place: int
    point: int
    status: int
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the columns of a file are; places are NONE where the file has no such column.

    wide: the value columns, empty in a long file, whose four columns are `point`, `value`, `status`, `quality`.
    strangers: columns or names that are no points of the plant.
    """

    time: int
    time_is_ns: bool
    wide: tuple[WideColumn, ...] = ()
    point: int = NONE
    value: int = NONE
    status: int = NONE
    quality: int = NONE
    strangers: tuple[str, ...] = ()


def points_of(plant: Plant, source: str) -> dict[str, int]:
    """The points of a source and their places in its columns."""
    rows = plant.sources.points[plant.sources.row[source]]
    return {plant.points.names[int(row)]: i for i, row in enumerate(rows)}


def layout_of(plant: Plant, source: str, header: Sequence[str], names: Mapping[str, str]) -> Layout:
    """The layout of a file by its header; `names` are the file's words and ours for them, columns as well as points.

    Raises SourceError where no column is of use, or one is there twice.
    """
    ours = [names.get(name.strip(), name.strip()) for name in header]
    twice = sorted({name for name in ours if name and ours.count(name) > 1})
    if twice:
        raise SourceError(f"column {', '.join(twice)} is there twice", mend="keep one of them")
    place = {name: i for i, name in enumerate(ours)}
    lower = {name.lower(): i for i, name in enumerate(ours)}
    is_ns = TIME_NS in lower
    time = lower.get(TIME_NS, next((lower[name] for name in TIMES if name in lower), NONE))
    point = next((lower[name] for name in POINTS if name in lower and name not in plant.points.row), NONE)
    if point != NONE and VALUE in lower:
        if time == NONE:
            raise SourceError("a long table without a time", mend=f"name a column {TIME_NS} or {TIMES[0]}")
        return Layout(
            time=time, time_is_ns=is_ns, point=point, value=lower[VALUE],
            status=lower.get(STATUS, NONE), quality=lower.get(QUALITY, NONE),
        )  # fmt: skip
    mine = points_of(plant, source)
    wide = tuple(
        WideColumn(
            place=place[name], point=i,
            status=place.get(f"{name}.{STATUS}", NONE), quality=place.get(f"{name}.{QUALITY}", NONE),
        )
        for name, i in mine.items()
        if name in place
    )  # fmt: skip
    known = set(plant.points.row)
    known |= {f"{name}.{kind}" for name in plant.points.row for kind in (STATUS, QUALITY)}
    strangers = tuple(name for i, name in enumerate(ours) if i != time and name not in known)
    if not wide:
        shown = f"columns {', '.join(strangers[:5])} are no points of plant {plant.file.site.name}"
        raise SourceError(
            shown if strangers else f"no column is a point of source {source}",
            mend=f"name columns by points, or give their names; long tables have {TIMES[0]}, {POINTS[0]}, {VALUE}",
        )
    return Layout(time=time, time_is_ns=is_ns, wide=wide, strangers=strangers)

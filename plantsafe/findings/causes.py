"""What a finding may come from: the fault table as data, and the rows that fit what had moved."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from ruamel.yaml import YAML

from plantsafe.findings.past import Episode, Finding
from plantsafe.plant import Plant
from plantsafe.plant.model import Text, Unit

FAR = 4.0  # spreads: as far as a point that has left its band; nearer ones do not count as moved
MOST_CAUSES = 3  # that are told (site default)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Role(_Entry):
    """Which points are meant: see the head of the table."""

    parameters: tuple[str, ...] = ()
    heat_balance: tuple[Literal["temperature", "jacket_inlet", "dosing"], ...] = ()
    eu: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


class Moved(_Entry):
    """A role of which a point has moved, and to which side."""

    role: str
    to: Literal["up", "down", "any"]


class Cause(_Entry):
    """One row of the table."""

    id: str
    title: Text
    check: Text
    kinds: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    residual: Literal["above", "below"] | None = None
    moved: tuple[Moved, ...] = ()
    still: tuple[str, ...] = ()
    alone: bool = False
    source: str = Field(min_length=1)
    status: Literal["site_default", "verify", "confirmed"]

    @model_validator(mode="after")
    def _asks_something(self) -> "Cause":
        if not (self.kinds or self.by or self.moved or self.alone):
            raise ValueError(f"row {self.id} fits every finding")
        return self

    @property
    def asks(self) -> int:
        """How much the row asks for: those that ask for more come first."""
        return (
            2 * len(self.moved) + len(self.still) + bool(self.kinds) + 2 * bool(self.by) + (self.residual is not None)
        )


class FaultTable(_Entry):
    """The whole table."""

    roles: dict[str, Role]
    rows: tuple[Cause, ...]

    @model_validator(mode="after")
    def _knows_its_roles(self) -> "FaultTable":
        for row in self.rows:
            for role in (*(moved.role for moved in row.moved), *row.still):
                if role not in self.roles:
                    raise ValueError(f"row {row.id} names the role {role}, which is not in the table")
        if len({row.id for row in self.rows}) != len(self.rows):
            raise ValueError("two rows have the same id")
        return self


@cache
def fault_table() -> FaultTable:
    """The table that comes with the package."""
    text = resources.files("plantsafe.findings").joinpath("causes.yaml").read_text(encoding="utf-8")
    return FaultTable.model_validate(YAML(typ="safe", pure=True).load(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """A row that fits, and the points that speak for it."""

    cause: Cause
    points: tuple[str, ...]


def likely(plant: Plant, finding: Finding, table: FaultTable | None = None) -> list[Likely]:
    """The rows that fit a finding, the one that asks for most first; at most MOST_CAUSES."""
    table = table or fault_table()
    if finding.unit not in plant.unit_row:
        return []
    roles = _roles_of(plant, finding.unit, table)
    moved = {name: away for name, away in finding.moved if abs(away) >= FAR}
    for name in finding.points:  # what the finding is about has moved, however little it shows by itself
        if name in dict(finding.moved) and finding.kind in ("multivariate", "ewma", "cusum"):
            moved.setdefault(name, dict(finding.moved)[name])
    found = [(cause, points) for cause in table.rows if (points := _fits(cause, finding, moved, roles)) is not None]
    found.sort(key=lambda one: -one[0].asks)
    return [Likely(cause=cause, points=points) for cause, points in found[:MOST_CAUSES]]


def likely_of(plant: Plant, episode: Episode) -> list[Likely]:
    """The same of findings that came together."""
    found: dict[str, Likely] = {}
    for one in (some for finding in episode.findings for some in likely(plant, finding)):
        found.setdefault(one.cause.id, one)
    return sorted(found.values(), key=lambda one: -one.cause.asks)[:MOST_CAUSES]


def _fits(
    cause: Cause, finding: Finding, moved: Mapping[str, float], roles: Mapping[str, frozenset[str]]
) -> tuple[str, ...] | None:
    """The points that speak for a row; None where it does not fit."""
    if cause.kinds and finding.kind not in cause.kinds:
        return None
    if cause.by and not set(cause.by) & set(finding.by):
        return None
    if cause.residual is not None and finding.side != cause.residual:
        return None
    if cause.alone and len(moved) != 1:
        return None
    speaking: list[str] = []
    for asked in cause.moved:
        wanted = ("up", "down") if asked.to == "any" else (asked.to,)
        found = [name for name, away in moved.items() if name in roles[asked.role] and _to(away) in wanted]
        if not found:
            return None
        speaking += found
    if any(moved.keys() & roles[role] for role in cause.still):
        return None
    return tuple(dict.fromkeys(speaking or (list(moved) if cause.alone else list(finding.points))))


def _to(away: float) -> str:
    return "up" if away > 0.0 else "down"


@cache
def _patterns(words: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(re.escape(word.casefold()) for word in words)) if words else None


def _roles_of(plant: Plant, unit: str, table: FaultTable) -> dict[str, frozenset[str]]:
    """Names of the points of a unit that have each role."""
    own = plant.file.units[plant.unit_row[unit]]
    points = [point for point in plant.file.points if point.unit == unit]
    eu = {point.name: point.eu for point in plant.file.points}
    return {
        name: frozenset(
            _named(own, role, eu) | {p.name for p in points if _titled(role, p.eu, (p.title.en, p.title.zh))}
        )
        for name, role in table.roles.items()
    }


def _named(unit: Unit, role: Role, eu: Mapping[str, str]) -> set[str]:
    listed = {name for key in role.parameters for name in unit.parameters.get(key, ())}
    found = {name for name in listed if not role.eu or eu.get(name, "") in role.eu}
    if unit.heat_balance is not None:
        found |= {str(getattr(unit.heat_balance, key)) for key in role.heat_balance}
    return found


def _titled(role: Role, eu: str, titles: Sequence[str]) -> bool:
    wanted, unwanted = _patterns(role.words), _patterns(role.without)
    if eu not in role.eu or wanted is None:
        return False
    text = " / ".join(title.casefold() for title in titles)
    return wanted.search(text) is not None and (unwanted is None or unwanted.search(text) is None)

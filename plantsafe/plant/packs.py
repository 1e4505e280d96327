"""Packs: what a process asks of the description of a unit, as data (packs.yaml), and what a plant file gives for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import Field
from ruamel.yaml import YAML

from plantsafe.plant.model import Entry, PlantFile, ProcessType, Text, Unit

Kind = Literal["alarm", "row", "effect", "point", "register", "finding"]


class Requirement(Entry):
    """One row: what may stand for it, and how many names it needs."""

    key: str
    title: Text
    status: Literal["text_seen", "verify", "site_default", "confirmed"]
    kinds: tuple[Kind, ...] = Field(min_length=1)
    least: int = Field(ge=1)


class Pack(Entry):
    """The rows of one process, and the units that they hold for: those that nitrate, or those of some processes."""

    key: str
    title: Text
    basis: Text
    nitration: bool = False
    processes: tuple[ProcessType, ...] = ()
    requirements: tuple[Requirement, ...] = Field(min_length=1)

    def holds_for(self, unit: Any) -> bool:
        """Whether it asks anything of the unit: nitration of the tanks, the others of their processes."""
        if self.nitration:
            return bool(unit.process is ProcessType.NITRATION_SEMIBATCH)
        return unit.process in self.processes


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a unit gives for a row. names: those that count. evidence: why it does not apply, where somebody said so.

    A row that does not apply is neither met nor lacking: it is counted apart.
    """

    unit: Unit
    pack: Pack
    requirement: Requirement
    names: tuple[str, ...]
    evidence: str | None

    @property
    def met(self) -> bool:
        """Enough names."""
        return len(self.names) >= self.requirement.least

    @property
    def lacking(self) -> bool:
        """Too few names, and nobody said why it does not apply."""
        return not self.met and self.evidence is None


@cache
def load_packs() -> tuple[Pack, ...]:
    """All packs that come with the product."""
    text = resources.files("plantsafe.plant").joinpath("packs.yaml").read_text(encoding="utf-8")
    return tuple(Pack.model_validate(one) for one in YAML(typ="safe", pure=True).load(text)["packs"])


def requirement_keys() -> frozenset[str]:
    """The keys of all rows of all packs."""
    return frozenset(row.key for pack in load_packs() for row in pack.requirements)


def own_findings(unit: Any) -> tuple[str, ...]:
    """The findings that the balance of a continuous unit can give."""
    return () if unit.line is None else tuple(f"{unit.name}.{kind}" for kind in unit.line.findings)


def coverage(file: PlantFile) -> Iterator[Coverage]:
    """Every row that holds for a unit of the plant."""
    registers = file.registers
    named: dict[Kind, frozenset[str]] = {
        "alarm": frozenset(one.name for one in (*file.alarms, *file.expression_alarms)),
        "row": frozenset(one.name for one in file.causes_and_effects),
        "effect": frozenset(one.name for one in file.effects),
        "point": frozenset(one.name for one in file.points),
        "register": frozenset(
            [
                *(one.name for one in registers.power_supplies),
                *(one.name for one in registers.relief_devices),
                *(one.name for one in registers.samples),
                *(one.name for one in registers.certificates),
            ]
        ),
    }
    for unit in file.units:
        named["finding"] = frozenset(own_findings(unit))
        for pack in load_packs():
            if not pack.holds_for(unit):
                continue
            for row in pack.requirements:
                given = dict.fromkeys(unit.requirements.get(row.key, ()))
                excused = unit.not_applicable.get(row.key)
                yield Coverage(
                    unit=unit,
                    pack=pack,
                    requirement=row,
                    names=tuple(name for name in given if any(name in named[kind] for kind in row.kinds)),
                    evidence=None if excused is None else excused.evidence,
                )

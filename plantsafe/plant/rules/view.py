"""What the rules look at: all entries, whole or partial, and how they find one another."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from plantsafe.plant.assemble import SECTIONS, Assembled, Section
from plantsafe.plant.model.entry import Found
from plantsafe.plant.partial import UNREADABLE, NotKnownError, Partial
from plantsafe.plant.watch import watch_points

KINDS: dict[str, tuple[Section, ...]] = {
    "workshop": (("workshops",),),
    "unit": (("units",),),
    "source": (("sources",),),
    "point": (("points",),),
    "alarm": (("alarms",), ("expression_alarms",)),
    "function": (("functions",),),
    "effect": (("effects",),),
    "row": (("causes_and_effects",),),
    "gas detector": (("gas_detectors",),),
    "inventory": (("inventories",),),
    "person": (("people",),),
    "seal place": (("seal_places",),),
    "sample": (("registers", "samples"),),
    "certificate": (("registers", "certificates"),),
    "register entry": tuple(section for section in SECTIONS if section[0] == "registers"),
}
"""Names are unique in each of these; a reference names one of a kind."""

EachRule = Callable[["View", Any], Iterator[Found]]
WholeRule = Callable[["View"], Iterator[Found]]


@dataclass(slots=False)
class View:
    """Entries by section, in the order of the assembled file. `head` may be partial too."""

    assembled: Assembled
    head: Any
    entries: dict[Section, tuple[Any, ...]] = field(default_factory=dict)

    @cached_property
    def cannot_judge(self) -> tuple[type[Exception], ...]:
        """What a rule may raise where it lacks something."""
        parts = (self.head, *(entry for entries in self.entries.values() for entry in entries))
        if any(isinstance(part, Partial) for part in parts):
            return UNREADABLE
        return (NotKnownError,)

    def section(self, *name: str) -> tuple[Any, ...]:
        """The entries of a section."""
        return self.entries.get(name, ())

    def names(self, section: Section) -> Iterator[tuple[int, str]]:
        """Number and name of the entries of a section, those that could not be read included."""
        return self.assembled.entries[section].names()

    @cached_property
    def known(self) -> dict[str, dict[str, None]]:
        """The names of each kind."""
        found = {
            kind: dict.fromkeys(name for section in sections for _, name in self.names(section))
            for kind, sections in KINDS.items()
        }
        found["point"] |= dict.fromkeys(self.watched)
        found["partition"] = {}
        for raw in self.assembled.entries[("workshops",)]:
            parts = raw.get("partitions") if isinstance(raw, dict) else None
            for part in parts if isinstance(parts, list) else []:
                if isinstance(part, dict) and isinstance(part.get("name"), str):
                    found["partition"][part["name"]] = None
        found["final element"] = {}
        for raw in self.assembled.entries[("functions",)]:
            elements = raw.get("elements") if isinstance(raw, dict) else None
            for element in elements if isinstance(elements, list) else []:
                if isinstance(element, dict) and isinstance(element.get("name"), str):
                    found["final element"][element["name"]] = None
        return found

    def _by_name(self, section: str) -> dict[str, Any]:
        """The first entry of each name."""
        found: dict[str, Any] = {}
        for i, name in self.names((section,)):
            found.setdefault(name, self.entries[(section,)][i])
        return found

    @cached_property
    def watched(self) -> dict[str, Any]:
        """The points that the product adds: what each source says of its own work."""
        found: dict[str, Any] = {}
        for source in self.section("sources"):
            with suppress(NotKnownError):
                found |= {point.name: point for point in watch_points((source,))}
        return found

    @cached_property
    def _points(self) -> dict[str, Any]:
        return self.watched | self._by_name("points")

    @cached_property
    def _units(self) -> dict[str, Any]:
        return self._by_name("units")

    @cached_property
    def _sources(self) -> dict[str, Any]:
        return self._by_name("sources")

    @cached_property
    def point_row(self) -> dict[str, int]:
        """A row for every point that has a name, for compiling expressions."""
        return {name: i for i, name in enumerate(self.known["point"])}

    def point(self, name: Any) -> Any:
        """The point of a name; NotKnownError where there is none (its reference is a mistake of its own)."""
        return _found(self._points, name)

    def unit(self, name: Any) -> Any:
        """The unit of a name, or NotKnownError."""
        return _found(self._units, name)

    def source(self, name: Any) -> Any:
        """The source of a name, or NotKnownError."""
        return _found(self._sources, name)


def _found(entries: dict[str, Any], name: Any) -> Any:
    if not isinstance(name, str) or name not in entries:
        raise NotKnownError(name)
    return entries[name]


def judged(view: View, section: Section, rules: tuple[EachRule, ...]) -> Iterator[Found]:
    """What the rules find in the entries of a section; a rule that lacks a field ends for that entry only."""
    for i, entry in enumerate(view.section(*section)):
        for rule in rules:
            try:
                for found in rule(view, entry):
                    yield found._replace(where=(*section, i, *found.where))
            except view.cannot_judge:
                continue

"""How values, names and places of a plant file are said in one language, with the anchors that they lead to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from plantsafe.language import Language, of, said_by, texts_of
from plantsafe.plant.booklet.document import Cell, Chapter, Column, Fact, Line, Run, Section, Table
from plantsafe.plant.model import Alarm, ExpressionAlarm, PlantFile, Point, Unit
from plantsafe.plant.watch import watch_points

PACKAGE = "plantsafe.plant.booklet"


class _Named(Protocol):
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One plant file told in one language. `anchors`: all places that can be led to; other names stand plain."""

    file: PlantFile
    language: Language
    anchors: frozenset[str]
    points: dict[str, Point]
    units: dict[str, Unit]

    def said(self, table: str, key: str, /, **words: Any) -> str:
        """The text of `key` in a table of texts.yaml."""
        return said_by(PACKAGE, table, key, self.language, words)

    def label(self, key: str) -> str:
        """A heading of a column or a fact."""
        return self.said("labels", key)

    def word(self, key: str, /, **words: Any) -> str:
        """A turn of phrase with its names filled in."""
        return self.said("words", key, **words)

    def of(self, text: Any) -> str:
        """A text of the plant file."""
        return of(text, self.language)

    def plain(self, text: str) -> Cell:
        """A cell of plain text; a dash for an empty one."""
        return (Run(text=text or self.word("none")),)

    def ref(self, kind: str, name: str | None) -> Cell:
        """A cell that names an entry and leads to it; a dash for none."""
        if name is None:
            return self.plain("")
        anchor = f"{kind}-{name}"
        return (Run(text=name, to=anchor if anchor in self.anchors else ""),)

    def refs(self, kind: str, names: Iterable[str]) -> Cell:
        """A cell that names some entries."""
        return self.joined(self.ref(kind, name) for name in names)

    def joined(self, cells: Iterable[Cell]) -> Cell:
        """Cells one after the other in one; a dash for none of them."""
        runs: list[Run] = []
        for cell in cells:
            runs += [Run(text=self.word("list")), *cell] if runs else cell
        return tuple(runs) or self.plain("")

    def fact(self, label: str, value: str | Cell) -> Fact:
        """A fact under one of the labels."""
        return Fact(label=self.label(label), cell=self.plain(value) if isinstance(value, str) else value)

    def table(self, columns: Iterable[Column], lines: Iterable[Line], caption: str = "") -> Table:
        """A table; columns are headed by the labels that they name."""
        heads = tuple(Column(head=self.label(one.head), width=one.width, align=one.align) for one in columns)
        return Table(columns=heads, lines=tuple(lines), caption=self.label(caption) if caption else "")

    def line(self, *cells: str | Cell, anchor: str = "") -> Line:
        """A row of a table."""
        return Line(cells=tuple(self.plain(c) if isinstance(c, str) else c for c in cells), anchor=anchor)

    def chapter(self, key: str, sections: Iterable[Section], *, opens_page: bool = False) -> Chapter:
        """A chapter with its title, and with the sentence on how to read it where there is one."""
        return Chapter(
            anchor=key,
            title=self.said("chapters", key),
            sections=tuple(sections),
            intro=self.said("intros", key) if key in texts_of(PACKAGE)["intros"] else "",
            opens_page=opens_page,
        )

    def measured(self, value: float | None, eu: str) -> str:
        """A value in its unit of measure."""
        return "" if value is None else f"{number(value)} {eu}".rstrip()

    def span(self, low: float | None, high: float | None, eu: str) -> str:
        """From one value to another; one of them may be open."""
        if low is None or high is None:
            known = self.measured(high if low is None else low, eu)
            return f"{'≤' if low is None else '≥'} {known}" if known else ""
        return f"{self.word('span', low=number(low), high=number(high))} {eu}".rstrip()

    def seconds(self, value: float) -> str:
        """A time in seconds."""
        return self.word("seconds", n=number(value))

    def yes(self, holds: bool) -> str:
        """Yes or no."""
        return self.word("yes" if holds else "no")

    def value_of(self, point: str, value: float) -> str:
        """A value of a point as a person reads it: the name of a code where the point has names."""
        entry = self.points.get(point)
        text = entry.states.get(int(value)) if entry is not None and value == int(value) else None
        if text is not None:
            return self.word("coded", code=number(value), text=self.of(text))
        return self.measured(value, entry.eu if entry is not None else "")

    def titled(self, name: str, text: Any) -> str:
        """A name and its title; the title alone where it holds the name."""
        title = self.of(text)
        told = name.casefold().replace("-", " ") in title.casefold().replace("-", " ")
        return title if told else f"{name} {title}"


def phrase_of(file: PlantFile, language: Language) -> Phrase:
    """The phrase of a plant file, with every anchor of its booklet."""
    kinds: dict[str, Sequence[_Named]] = {
        "unit": file.units,
        "point": file.points,
        "alarm": (*file.alarms, *file.expression_alarms),
        "function": file.functions,
        "source": file.sources,
        "workshop": file.workshops,
        "partition": tuple(part for shop in file.workshops for part in shop.partitions),
        "effect": file.effects,
        "cause": file.causes_and_effects,
        "detector": file.gas_detectors,
        "sample": file.registers.samples,
        "certificate": file.registers.certificates,
        "supply": file.registers.power_supplies,
        "relief": file.registers.relief_devices,
    }
    return Phrase(
        file=file,
        language=language,
        anchors=frozenset(f"{kind}-{entry.name}" for kind, entries in kinds.items() for entry in entries),
        points={point.name: point for point in (*file.points, *watch_points(file.sources))},
        units={unit.name: unit for unit in file.units},
    )


def alarm_unit(phrase: Phrase, alarm: Alarm | ExpressionAlarm) -> str:
    """The unit that an alarm belongs to: its own or its point's, empty for an alarm on the work of a source."""
    return alarm.unit if isinstance(alarm, ExpressionAlarm) else phrase.points[alarm.point].unit


def number(value: float) -> str:
    """A number as short as it can be without losing anything that a person wrote."""
    text = f"{value:.12g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"

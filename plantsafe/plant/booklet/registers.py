"""The chapter of what the plant keeps books of: inventories, power supplies, relief devices, samples, certificates."""

from collections.abc import Iterator

from plantsafe.plant.booklet.document import Chapter, Column, Note, Part, Section
from plantsafe.plant.booklet.phrase import Phrase, number
from plantsafe.plant.model import PowerSupply, ReliefDevice

_KEPT = (Column(head="last"), Column(head="every"), Column(head="document", width=0.8))


def registers_chapter(phrase: Phrase) -> Chapter:
    """Every register that holds something."""
    parts = tuple(_parts(phrase)) or (Note(text=phrase.word("nothing")),)
    return phrase.chapter("registers", (Section(parts=parts),))


def _parts(phrase: Phrase) -> Iterator[Part]:
    registers = phrase.file.registers
    tonnes = [
        phrase.line(
            one.name,
            phrase.of(one.title),
            phrase.ref("unit", one.unit),
            f"{one.substance} {one.cas}".rstrip(),
            *(
                phrase.word("tonnes", n=number(t)) if t is not None else ""
                for t in (one.design_max_t, one.registered_max_t, one.critical_t)
            ),
            number(one.beta) if one.beta is not None else "",
            phrase.refs("point", one.points),
        )
        for one in phrase.file.inventories
    ]
    if tonnes:
        columns = (
            Column(head="code_name"),
            Column(head="title_of", width=1.4),
            Column(head="unit"),
            Column(head="substance", width=1),
            *(Column(head=head, align="right") for head in ("design_max", "registered_max", "critical", "beta")),
            Column(head="weighed_by", width=1),
        )
        yield phrase.table(columns, tonnes, "inventories")
    if registers.power_supplies:
        columns = (*_named(), Column(head="autonomy"), Column(head="ready", width=0.8), *_KEPT)
        lines = [
            phrase.line(
                one.name, phrase.of(one.title), phrase.ref("unit", one.unit),
                phrase.word("minutes", n=number(one.autonomy_min)), phrase.ref("point", one.ready),
                *_kept(phrase, one), anchor=f"supply-{one.name}",
            )
            for one in registers.power_supplies
        ]  # fmt: skip
        yield phrase.table(columns, lines, "power_supplies")
    if registers.relief_devices:
        columns = (*_named(), Column(head="set_pressure"), Column(head="intact", width=0.8), *_KEPT)
        lines = [
            phrase.line(
                one.name, phrase.of(one.title), phrase.ref("unit", one.unit),
                phrase.word("pressure", n=number(one.set_pressure_kpa)), phrase.ref("point", one.intact),
                *_kept(phrase, one), anchor=f"relief-{one.name}",
            )
            for one in registers.relief_devices
        ]  # fmt: skip
        yield phrase.table(columns, lines, "relief_devices")
    if registers.samples:
        columns = (*_named(), Column(head="every"), Column(head="range", width=1))
        lines = [
            phrase.line(
                one.name, phrase.of(one.title), phrase.ref("unit", one.unit),
                phrase.word("hours", n=number(one.every_h)), phrase.span(one.low, one.high, one.eu),
                anchor=f"sample-{one.name}",
            )
            for one in registers.samples
        ]  # fmt: skip
        yield phrase.table(columns, lines, "samples")
    if registers.certificates:
        columns = (
            Column(head="code_name"),
            Column(head="title_of", width=2),
            Column(head="holder", width=1),
            Column(head="until"),
        )
        lines = [
            phrase.line(one.name, phrase.of(one.title), one.holder, one.until, anchor=f"certificate-{one.name}")
            for one in registers.certificates
        ]
        yield phrase.table(columns, lines, "certificates")


def _named() -> tuple[Column, ...]:
    return Column(head="code_name"), Column(head="title_of", width=1.6), Column(head="unit")


def _kept(phrase: Phrase, one: PowerSupply | ReliefDevice) -> tuple[str, str, str]:
    return one.last or "", phrase.word("days", n=one.every_days), one.document

"""Chapters of the places: workshops with their partitions, the people, and the units."""

from collections.abc import Iterator

from plantsafe.plant.booklet.document import Chapter, Column, Fact, Facts, Line, Note, Part, Run, Section
from plantsafe.plant.booklet.phrase import Phrase, number
from plantsafe.plant.model import Hazard, Partition, Phase, Unit, Window, Workshop

_PARAMETER_COLUMNS = (Column(head="parameter", width=1), Column(head="measured_by", width=2))
_PHASE_COLUMNS = (Column(head="phase_code", align="right"), Column(head="phase", width=2), Column(head="longest"))
_WINDOW_COLUMNS = (
    Column(head="phase", width=1.2),
    Column(head="point"),
    Column(head="title_of", width=2),
    Column(head="low", align="right"),
    Column(head="normal", align="right"),
    Column(head="high", align="right"),
)


def places_chapter(phrase: Phrase) -> Chapter:
    """Workshops, each with its partitions and the limits on persons inside."""
    columns = (
        Column(head="code_name"),
        Column(head="title_of", width=2.4),
        Column(head="head_count_max", width=1.2),
        Column(head="head_count", width=1),
        Column(head="explosion_hazard"),
        Column(head="document", width=1.2),
    )
    sections = tuple(
        Section(
            title=phrase.titled(shop.name, shop.title),
            anchor=f"workshop-{shop.name}",
            parts=(phrase.table(columns, _place_lines(phrase, shop)),),
        )
        for shop in phrase.file.workshops
    )
    return phrase.chapter("places", sections, opens_page=True)


def _place_lines(phrase: Phrase, shop: Workshop) -> Iterator[Line]:
    counted = phrase.refs("point", (part.head_count for part in shop.partitions))
    hazard = phrase.yes(shop.explosion_hazard)
    yield phrase.line(shop.name, phrase.of(shop.title), _persons(phrase, shop), counted, hazard, shop.document)
    for part in shop.partitions:
        yield phrase.line(
            part.name,
            phrase.of(part.title),
            _persons(phrase, part),
            phrase.ref("point", part.head_count),
            "",
            part.document,
            anchor=f"partition-{part.name}",
        )


def _persons(phrase: Phrase, place: Workshop | Partition) -> str:
    return phrase.word("at_most" if place.comparator == "<=" else "fewer_than", n=place.head_count_max)


def people_chapter(phrase: Phrase) -> Chapter:
    """Who may do what, and who answers for the major hazard."""
    columns = (
        Column(head="person"),
        Column(head="job", width=1),
        Column(head="roles", width=1),
        Column(head="duty", width=1.4),
        Column(head="workshops", width=1),
        Column(head="certificate", width=0.8),
        Column(head="since"),
    )
    lines = [
        phrase.line(
            person.name,
            person.title,
            phrase.word("list").join(phrase.said("roles", role.value) for role in person.roles),
            phrase.said("duties", person.duty) if person.duty is not None else "",
            phrase.refs("workshop", person.workshops) if person.workshops else phrase.label("all"),
            phrase.ref("certificate", person.certificate),
            person.since or "",
        )
        for person in phrase.file.people
    ]
    part: Part = phrase.table(columns, lines) if lines else Note(text=phrase.word("nothing"))
    return phrase.chapter("people", (Section(parts=(part,)),))


def units_chapter(phrase: Phrase) -> Chapter:
    """Every unit: what it runs, how dangerous that is, what is monitored, its recipe."""
    sections = tuple(
        Section(
            title=phrase.titled(unit.name, unit.title),
            anchor=f"unit-{unit.name}",
            parts=tuple(_unit(phrase, unit)),
        )
        for unit in phrase.file.units
    )
    return phrase.chapter("units", sections, opens_page=True)


def _unit(phrase: Phrase, unit: Unit) -> Iterator[Part]:
    facts = [phrase.fact("workshop", phrase.ref("workshop", unit.workshop))]
    if unit.partition is not None:
        facts.append(phrase.fact("partition", phrase.ref("partition", unit.partition)))
    facts.append(phrase.fact("process", phrase.said("processes", unit.process.value)))
    if unit.nitrates or unit.reaction is not None:
        facts.append(phrase.fact("reaction", phrase.said("reactions", unit.reaction or "nitration")))
    running = phrase.word("above", point=unit.running, value="0.5") if unit.running else phrase.word("running_always")
    facts.append(phrase.fact("running", running))
    facts.append(phrase.fact("display", phrase.refs("point", unit.display)))
    if unit.phase_point is not None:
        facts.append(phrase.fact("phase_point", phrase.ref("point", unit.phase_point)))
    yield Facts(facts=tuple(facts))
    if unit.hazard is not None:
        yield _hazard(phrase, unit.hazard)
    if lines := tuple(_parameters(phrase, unit)):
        yield phrase.table(_PARAMETER_COLUMNS, lines, "parameters")
    if unit.phases:
        yield phrase.table(_PHASE_COLUMNS, (_phase(phrase, phase) for phase in unit.phases), "phases")
    if windows := [(phase, window) for phase in unit.phases for window in phase.windows]:
        yield phrase.table(_WINDOW_COLUMNS, (_window(phrase, *one) for one in windows), "windows")


def _hazard(phrase: Phrase, hazard: Hazard) -> Part:
    columns = [Column(head=head, width=1) for head in ("tp", "mtsr", "mtt", "td24", "assessed_class")]
    columns += [Column(head="report", width=1.2), Column(head="report_date", width=1)]
    degrees = [phrase.word("degrees", n=number(t)) for t in (hazard.tp_c, hazard.mtsr_c, hazard.mtt_c, hazard.td24_c)]
    line = phrase.line(*degrees, phrase.word("class_of", n=hazard.assessed_class), hazard.report, hazard.date)
    return phrase.table(columns, (line,), "hazard")


def _parameters(phrase: Phrase, unit: Unit) -> Iterator[Line]:
    for key, names in unit.parameters.items():
        yield phrase.line(_parameter(phrase, key), phrase.refs("point", names))
    for key, sample in unit.sampled.items():
        anchor = f"sample-{sample}"
        text = phrase.word("sample", name=sample)
        yield phrase.line(_parameter(phrase, key), (Run(text=text, to=anchor if anchor in phrase.anchors else ""),))
    for key, why in unit.not_applicable.items():
        text = phrase.word("not_applicable", evidence=why.evidence, by=why.approved_by)
        yield phrase.line(_parameter(phrase, key), text)


def _parameter(phrase: Phrase, key: str) -> str:
    """The parameter's name; a key that the texts do not know stands as it is written."""
    try:
        return phrase.said("parameters", key)
    except KeyError:
        return key


def _phase(phrase: Phrase, phase: Phase) -> Line:
    longest = phrase.word("minutes", n=number(phase.max_duration_min)) if phase.max_duration_min is not None else ""
    return phrase.line(str(phase.code), phrase.titled(phase.name, phase.title), longest)


def _window(phrase: Phrase, phase: Phase, window: Window) -> Line:
    point = phrase.points[window.point]
    return phrase.line(
        phrase.of(phase.title),
        phrase.ref("point", window.point),
        phrase.of(point.title),
        phrase.measured(window.low, point.eu),
        phrase.span(window.normal_low, window.normal_high, point.eu),
        phrase.measured(window.high, point.eu),
    )


def head_facts(phrase: Phrase, digest: str, made: str) -> tuple[Fact, ...]:
    """What stands on the title page."""
    file = phrase.file
    site = file.site
    counted = phrase.word(
        "counted",
        units=len(file.units),
        points=len(file.points),
        alarms=len(file.alarms) + len(file.expression_alarms),
        functions=len(file.functions),
        detectors=len(file.gas_detectors),
        sources=len(file.sources),
    )
    place = phrase.word("list").join(part for part in (site.county, site.township) if part)
    facts = [("site", phrase.word("coded", code=phrase.of(site.title), text=site.name))]
    facts += [("place", place)] if place else []
    facts += [("hash", digest), ("author", file.author), ("made", made), ("timezone", site.timezone)]
    facts += [("scan_period", phrase.seconds(file.scan_period_s)), ("holds", counted)]
    return tuple(phrase.fact(label, text) for label, text in facts)

"""Chapters of what is read: points by unit, gas detectors, and the sources with their heartbeats."""

from collections.abc import Iterator

from plantsafe.plant.booklet.document import Cell, Chapter, Column, Fact, Facts, Line, Note, Part, Run, Section
from plantsafe.plant.booklet.phrase import Phrase, number
from plantsafe.plant.model import FastGroup, GasDetector, ModbusAddress, OpcUaAddress, Point, SourceEntry

_POINT_COLUMNS = (
    Column(head="name"),
    Column(head="title_of", width=2.2),
    Column(head="eu"),
    Column(head="range", width=1.1),
    Column(head="resolution", align="right"),
    Column(head="source"),
    Column(head="address", width=1.5),
)


def points_chapter(phrase: Phrase) -> Chapter:
    """Every point, by unit."""
    by_unit: dict[str, list[Point]] = {unit.name: [] for unit in phrase.file.units}
    for point in phrase.file.points:
        by_unit[point.unit].append(point)
    sections = tuple(
        Section(
            title=phrase.titled(name, phrase.units[name].title),
            anchor=f"points-of-{name}",
            parts=(phrase.table(_POINT_COLUMNS, (_point(phrase, point) for point in points)),),
        )
        for name, points in by_unit.items()
        if points
    )
    return phrase.chapter("points", sections, opens_page=True)


def _point(phrase: Phrase, point: Point) -> Line:
    title: Cell = phrase.plain(phrase.of(point.title))
    if point.same_as is not None:
        words = phrase.word("same_as", point=point.same_as)
        anchor = f"point-{point.same_as}"
        title += (Run(text=words, to=anchor if anchor in phrase.anchors else ""),)
    if point.states:
        shown = phrase.word("list").join(f"{code} {phrase.of(text)}" for code, text in point.states.items())
    else:
        shown = phrase.span(*point.range, "")
    if point.fail_direction != "none":
        shown += phrase.word("clause") + phrase.word("fails", direction=phrase.said("sides", point.fail_direction))
    if point.reduce_deadband:
        shown += phrase.word("clause") + phrase.word("reduced", deadband=number(point.reduce_deadband))
    return phrase.line(
        point.name,
        title,
        point.eu,
        shown,
        number(point.resolution) if point.resolution else "",
        phrase.ref("source", point.source),
        _address(phrase, point),
        anchor=f"point-{point.name}",
    )


def _address(phrase: Phrase, point: Point) -> str:
    if point.opcua is not None:
        return _opcua(phrase, point.opcua)
    return _modbus(phrase, point.modbus) if point.modbus is not None else ""


def _opcua(phrase: Phrase, address: OpcUaAddress) -> str:
    parts = [address.node or phrase.word("browse", path=address.browse_path)]
    parts += [address.namespace] if address.namespace is not None else []
    return phrase.word("clause").join(parts)


def _modbus(phrase: Phrase, address: ModbusAddress) -> str:
    """Where and how a value stands in the device; what is as usual (scale 1, most significant first) is left out."""
    table = phrase.said("tables", address.table)
    parts = [phrase.word("device", device=address.device, table=table, address=address.address)]
    if address.bit is not None:
        parts.append(phrase.word("bit", n=address.bit))
    elif address.table in ("input", "holding"):
        parts.append(address.type)
    if (address.byte_order, address.word_order) != ("big", "big"):
        byte, word = (phrase.said("orders", order) for order in (address.byte_order, address.word_order))
        parts.append(phrase.word("byte_order", byte=byte, word=word))
    scaled = [phrase.word("scaled", scale=number(address.scale))] if address.scale != 1.0 else []
    scaled += [phrase.word("offset", offset=number(address.offset))] if address.offset != 0.0 else []
    return phrase.word("clause").join([*parts, *([" ".join(scaled)] if scaled else [])])


def gas_chapter(phrase: Phrase) -> Chapter:
    """Gas detectors with their set points and places."""
    columns = (
        Column(head="code_name"),
        Column(head="point"),
        Column(head="title_of", width=2),
        Column(head="substance", width=1),
        Column(head="level_1", align="right"),
        Column(head="level_2", align="right"),
        Column(head="partition"),
        Column(head="position", width=1),
        Column(head="calibration"),
    )
    lines = [_detector(phrase, detector) for detector in phrase.file.gas_detectors]
    part: Part = phrase.table(columns, lines) if lines else Note(text=phrase.word("nothing"))
    return phrase.chapter("gas", (Section(parts=(part,)),))


def _detector(phrase: Phrase, detector: GasDetector) -> Line:
    point = phrase.points[detector.point]
    place = (detector.x_m, detector.y_m, *((detector.z_m,) if detector.z_m is not None else ()))
    return phrase.line(
        detector.name,
        phrase.ref("point", detector.point),
        phrase.of(point.title),
        detector.substance,
        phrase.measured(detector.level_1, point.eu),
        phrase.measured(detector.level_2, point.eu),
        phrase.ref("partition", detector.partition),
        phrase.word("list").join(number(metres) for metres in place),
        phrase.word("days", n=detector.calibration_days) if detector.calibration_days is not None else "",
        anchor=f"detector-{detector.name}",
    )


def sources_chapter(phrase: Phrase) -> Chapter:
    """Where values come from, and by what a source is known to be alive."""
    sections = tuple(
        Section(
            title=phrase.titled(source.name, source.title),
            anchor=f"source-{source.name}",
            parts=tuple(_source(phrase, source)),
        )
        for source in phrase.file.sources
    )
    return phrase.chapter("sources", sections)


def _source(phrase: Phrase, source: SourceEntry) -> Iterator[Part]:
    beat = phrase.points.get(source.heartbeat)
    heartbeat = phrase.ref("point", source.heartbeat) + ((Run(text=f" {phrase.of(beat.title)}"),) if beat else ())
    read = sum(point.source == source.name for point in phrase.file.points)
    facts: list[Fact] = [
        phrase.fact("protocol", phrase.said("protocols", source.protocol)),
        phrase.fact("endpoint", ", ".join(source.recorded.files) if source.recorded else source.endpoint),
        phrase.fact("heartbeat", heartbeat),
        phrase.fact("count_points", str(read)),
        phrase.fact("scan_period", phrase.seconds(source.scan_period_s or phrase.file.scan_period_s)),
        phrase.fact("timeout", phrase.seconds(source.timeout_s)),
    ]
    if source.namespace is not None:
        facts.append(phrase.fact("namespace", source.namespace))
    if source.protocol == "opcua":
        secured = f"{source.security}, {source.security_mode}" if source.security != "None" else phrase.yes(False)
        facts.append(phrase.fact("security", secured))
    if source.credentials is not None:
        facts.append(phrase.fact("sign_in", source.credentials.user or source.credentials.certificate or ""))
    if source.max_source_age_s is not None:
        facts.append(phrase.fact("max_source_age", phrase.seconds(source.max_source_age_s)))
    limits = [
        phrase.word(key, n=number(most))
        for key in ("nodes_per_read", "registers_per_read", "bits_per_read", "requests_per_s")
        if (most := source.limits.model_dump()[key]) is not None
    ]
    if limits:
        facts.append(phrase.fact("server_limits", phrase.word("list").join(limits)))
    facts.append(phrase.fact("consequence", phrase.of(source.consequence)))
    facts.append(phrase.fact("action", phrase.of(source.action)))
    yield Facts(facts=tuple(facts))
    if source.fast_groups:
        columns = (Column(head="fast_group"), Column(head="period"), Column(head="points", width=1))
        yield phrase.table(columns, (_fast(phrase, group) for group in source.fast_groups))


def _fast(phrase: Phrase, group: FastGroup) -> Line:
    return phrase.line(group.name, phrase.seconds(group.period_s), phrase.refs("point", group.points))

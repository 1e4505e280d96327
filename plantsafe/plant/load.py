"""From a YAML file to a compiled plant, or to every mistake with its place."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from plantsafe.errors import Mistake, PlantFileError
from plantsafe.plant.described import Described, Where, read_described
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import Plant, compile_plant


def load_plant(path: Path) -> Plant:
    """The compiled plant of a file; raises PlantFileError with all mistakes that were found."""
    described = read_described(path, PlantFile, PlantFileError)
    if mistakes := tuple(_reference_mistakes(described)):
        raise PlantFileError(mistakes)
    return compile_plant(described.value)


def plant_of_document(document: str) -> Plant:
    """The compiled plant of the canonical JSON that `Plant.document` wrote (kept in the record)."""
    return compile_plant(PlantFile.model_validate(json.loads(document)))


def _reference_mistakes(described: Described[PlantFile]) -> Iterator[Mistake]:
    file, say = described.value, described.mistake
    kinds: dict[str, list[str]] = {
        "workshops": [entry.name for entry in file.workshops],
        "partitions": [part.name for shop in file.workshops for part in shop.partitions],
        "units": [entry.name for entry in file.units],
        "sources": [entry.name for entry in file.sources],
        "points": [entry.name for entry in file.points],
        "alarms": [entry.name for entry in file.alarms],
        "functions": [entry.name for entry in file.functions],
        "gas_detectors": [entry.name for entry in file.gas_detectors],
    }
    known = {kind: frozenset(names) for kind, names in kinds.items()}

    for kind, names in kinds.items():
        seen: dict[str, int] = {}
        for i, name in enumerate(names):
            if name in seen and kind != "partitions":
                first = say((kind, seen[name]), "", "").line
                yield say((kind, i, "name"), f"{name} is there already, at line {first}", "give it another name")
            elif name in seen:
                yield say(("workshops",), f"partition {name} is there twice", "give one another name")
            seen.setdefault(name, i)
    for where, kind, name in _references(file):
        if name not in known[kind]:
            yield described.unknown(where, name, kinds[kind], kind.removesuffix("s").replace("_", " "))
    yield from _meaning_mistakes(file, known["points"], say)


def _references(file: PlantFile) -> Iterator[tuple[Where, str, str]]:
    """Every place that names another entry: where, of which kind, which name."""
    for i, shop in enumerate(file.workshops):
        for j, part in enumerate(shop.partitions):
            yield ("workshops", i, "partitions", j, "head_count"), "points", part.head_count
    for i, unit in enumerate(file.units):
        yield ("units", i, "workshop"), "workshops", unit.workshop
        if unit.partition is not None:
            yield ("units", i, "partition"), "partitions", unit.partition
        if unit.running is not None:
            yield ("units", i, "running"), "points", unit.running
        for j, name in enumerate(unit.display):
            yield ("units", i, "display", j), "points", name
        for parameter, names in unit.parameters.items():
            for j, name in enumerate(names):
                yield ("units", i, "parameters", parameter, j), "points", name
    for i, source in enumerate(file.sources):
        yield ("sources", i, "heartbeat"), "points", source.heartbeat
    for i, point in enumerate(file.points):
        yield ("points", i, "unit"), "units", point.unit
        yield ("points", i, "source"), "sources", point.source
    for i, alarm in enumerate(file.alarms):
        yield ("alarms", i, "point"), "points", alarm.point
    for i, function in enumerate(file.functions):
        yield ("functions", i, "unit"), "units", function.unit
        yield ("functions", i, "tripped"), "points", function.tripped
        if function.hazardous_mode is not None:
            yield ("functions", i, "hazardous_mode"), "points", function.hazardous_mode
        for j, channel in enumerate(function.inputs):
            for key in ("point", "bypass", "fault"):
                if (name_ := getattr(channel, key)) is not None:
                    yield ("functions", i, "inputs", j, key), "points", name_
        for j, element in enumerate(function.elements):
            for key in ("feedback", "command"):
                if (name_ := getattr(element, key)) is not None:
                    yield ("functions", i, "elements", j, key), "points", name_
    for i, detector in enumerate(file.gas_detectors):
        yield ("gas_detectors", i, "point"), "points", detector.point
        if detector.partition is not None:
            yield ("gas_detectors", i, "partition"), "partitions", detector.partition


def _meaning_mistakes(
    file: PlantFile, known_points: frozenset[str], say: Callable[[Where, str, str], Mistake]
) -> Iterator[Mistake]:
    """What is well-formed and still wrong: addresses of another protocol, limits outside the range."""
    protocol = {source.name: source.protocol for source in file.sources}
    points = {point.name: point for point in file.points}
    for i, point in enumerate(file.points):
        has = "opcua" if point.opcua is not None else "modbus"
        want = protocol.get(point.source, has)
        if has != want:
            yield say(("points", i, has), f"source {point.source} speaks {want}", f"give the point a {want} address")
    for i, source in enumerate(file.sources):
        if source.heartbeat in points and points[source.heartbeat].source != source.name:
            yield say(
                ("sources", i, "heartbeat"),
                f"{source.heartbeat} is not read from {source.name}",
                "name a point of this source that changes all the time",
            )
    for i, alarm in enumerate(file.alarms):
        if alarm.point in known_points:
            low, high = points[alarm.point].range
            if not low <= alarm.limit <= high:
                yield say(
                    ("alarms", i, "limit"),
                    f"limit {alarm.limit} is outside the range {low} to {high} of {alarm.point}",
                    "a limit that the instrument cannot reach never alarms: correct the limit or the range",
                )

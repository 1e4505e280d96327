"""From a YAML file to a compiled plant, or to every mistake with its place."""

import difflib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from plantsafe.errors import Mistake, PlantFileError
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import Plant, compile_plant

Path_ = tuple[str | int, ...]

_MENDS = {
    "extra_forbidden": "remove the key or correct its spelling",
    "missing": "add the field",
    "string_pattern_mismatch": "letters, digits, dot, dash and underscore; begin with a letter or digit",
    "literal_error": "write one of the values that the message lists",
    "enum": "write one of the values that the message lists",
}


def load_plant(path: Path) -> Plant:
    """The compiled plant of a file; raises PlantFileError with all mistakes that were found."""
    tree = _read(path)
    try:
        file = PlantFile.model_validate(_plain(tree))
    except ValidationError as error:
        raise PlantFileError(tuple(_mistake(path, tree, detail) for detail in error.errors())) from None
    mistakes = tuple(_reference_mistakes(path, tree, file))
    if mistakes:
        raise PlantFileError(mistakes)
    return compile_plant(file)


def plant_of_document(document: str) -> Plant:
    """The compiled plant of the canonical JSON that `Plant.document` wrote (kept in the record)."""
    return compile_plant(PlantFile.model_validate(json.loads(document)))


def _read(path: Path) -> CommentedMap:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlantFileError(
            (_at(path, 1, 1, "file", f"cannot be read: {error.strerror}", "give the path of a plant file"),)
        ) from None
    except UnicodeDecodeError as error:
        raise PlantFileError(
            (_at(path, 1, 1, "file", f"is not UTF-8 at byte {error.start}", "save it as UTF-8"),)
        ) from None
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        wrong = f"is not YAML: {error.problem or error.context or 'unreadable'}"
        raise PlantFileError((_at(path, line, column, "file", wrong, "mend the line or its indentation"),)) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise PlantFileError((_at(path, 1, 1, "file", f"is not YAML: {error}", "mend the file"),)) from None
    if not isinstance(tree, CommentedMap):
        raise PlantFileError((_at(path, 1, 1, "file", "does not hold a mapping", "begin with `schema: 1`"),))
    return tree


def _plain(node: Any) -> Any:
    """ruamel's containers as plain ones, so that pydantic sees what JSON would hold."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, bool):
        return bool(node)
    if isinstance(node, int):
        return int(node)
    if isinstance(node, float):
        return float(node)
    return str(node) if isinstance(node, str) else node


def _at(path: Path, line: int, column: int, field: str, wrong: str, mend: str) -> Mistake:
    return Mistake(file=str(path), line=line, column=column, field=field, wrong=wrong, mend=mend)


def _place(tree: Any, where: Iterable[str | int]) -> tuple[int, int]:
    """Line and column (from 1) of the deepest part of `where` that the file has."""
    line, column, node = 1, 1, tree
    for step in where:
        if isinstance(node, CommentedMap) and step in node:
            spot = node.lc.key(step)
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            spot = node.lc.item(step)
        else:
            break
        line, column, node = spot[0] + 1, spot[1] + 1, node[step]
    return line, column


def _field(tree: Any, where: Path_) -> str:
    """The place in words: list entries by their name where they have one."""
    words, node = [], tree
    for step in where:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            node = None
        if isinstance(step, int):
            words.append(str(node["name"]) if isinstance(node, dict) and "name" in node else str(step))
        else:
            words.append(step)
    return ".".join(words) or "file"


def _mistake(path: Path, tree: CommentedMap, detail: Any) -> Mistake:
    where: Path_ = tuple(detail["loc"])
    line, column = _place(tree, where)
    wrong = detail["msg"].removeprefix("Value error, ")
    mend = _MENDS.get(detail["type"], "write a value of the kind that the message asks for")
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(where[-1]), _known_fields(), n=1)
        mend = f"did you mean {near[0]!r}?" if near else mend
        wrong = "is no field of this entry"
    return _at(path, line, column, _field(tree, where), wrong, mend)


def _known_fields() -> list[str]:
    names: set[str] = set()
    todo: list[Any] = [PlantFile.model_json_schema()]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            names.update(node.get("properties", {}))
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    return sorted(names)


def _reference_mistakes(path: Path, tree: CommentedMap, file: PlantFile) -> Iterator[Mistake]:
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

    def say(where: Path_, wrong: str, mend: str) -> Mistake:
        return _at(path, *_place(tree, where), _field(tree, where), wrong, mend)

    for kind, names in kinds.items():
        seen: dict[str, int] = {}
        for i, name in enumerate(names):
            if name in seen and kind != "partitions":
                first = _place(tree, (kind, seen[name]))[0]
                yield say((kind, i, "name"), f"{name} is there already, at line {first}", "give it another name")
            elif name in seen:
                yield say(("workshops",), f"partition {name} is there twice", "give one another name")
            seen.setdefault(name, i)
    for where, kind, name in _references(file):
        if name not in known[kind]:
            near = difflib.get_close_matches(name, kinds[kind], n=1)
            mend = f"did you mean {near[0]!r}?" if near else f"add {name!r} to {kind} or correct the name"
            yield say(where, f"there is no {kind.removesuffix('s').replace('_', ' ')} {name!r}", mend)
    yield from _meaning_mistakes(file, known["points"], say)


def _references(file: PlantFile) -> Iterator[tuple[Path_, str, str]]:
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
    file: PlantFile, known_points: frozenset[str], say: Callable[[Path_, str, str], Mistake]
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

"""Values changed in the text of a plant file: only the bytes of the changed scalars differ.

A program that changes the file (limits from a review) must leave the diff that a reviewer would have made by hand. So
the file is never dumped anew: the parser says where a scalar begins and ends, and its text is replaced in place, in the
quoting that it had. The result is parsed again and compared before it is given back.
"""

import json
import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from plantsafe.errors import Mistake, PlantFileError

Scalar = str | int | float | bool
Place = tuple[str | int, ...]

# YAML 1.1 readers take these plain words for booleans or nothing
_WORDS_OF_OLD_YAML = re.compile(r"^(y|n|yes|no|on|off|true|false|null|~)$", re.IGNORECASE)
_NEEDS_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def set_values(
    text: str, changes: Mapping[Place, Scalar], *, added: Mapping[Place, Scalar] | None = None, file: str = "plant file"
) -> str:
    """The text with the values at `changes` replaced; everything outside those scalars stays byte for byte.

    `added` writes fields that their entry does not have yet, behind the last of its values that stands on one line.

    A place is a way through keys and entries, an entry of a list by its name or its number from 0:
    `("alarms", "TI-101.H", "limit")`, `("points", "TI-101", "range", 1)`. Raises PlantFileError with every place that
    the text does not have or that cannot be changed alone.
    """
    root = _compose(text, file)
    mistakes: list[Mistake] = []
    edits: list[tuple[int, int, str]] = []
    wanted: dict[int, Scalar] = {}
    for place, value in changes.items():
        try:
            node = _find(root, place)
            edits.append((node.start_mark.index, node.end_mark.index, _spelled(node, value, text)))
            wanted[id(node)] = value
        except _PlaceError as problem:
            mistakes.append(_mistake(file, place, problem))
    for place, value in (added or {}).items():
        try:
            at, spelled = _new_field(root, place, value, text)
            edits.append((at, at, spelled))
        except _PlaceError as problem:
            mistakes.append(_mistake(file, place, problem))
    if mistakes:
        raise PlantFileError(tuple(mistakes))
    parts, done = [], 0
    for start, end, spelled in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[done:start], spelled]
        done = end
    changed = "".join([*parts, text[done:]])
    after = _compose(changed, file)
    for place, value in (added or {}).items():
        _take_out(after, place, value, file)
    _compare(root, after, wanted, file)
    return changed


def edit_file(path: Path, changes: Mapping[Place, Scalar]) -> None:
    """`set_values` on a file, line ends kept; the file is replaced in one step or not at all."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as problem:
        raise _whole(str(path), f"cannot be read: {problem.strerror}", "give the path of a readable file") from None
    except UnicodeDecodeError as problem:
        raise _whole(str(path), f"is not UTF-8 at byte {problem.start}", "save it as UTF-8") from None
    changed = set_values(text, changes, file=str(path))
    mode = path.stat().st_mode
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(changed.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(mode & 0o777)
    Path(file.name).replace(path)


class _PlaceError(Exception):
    """A place that cannot be changed; `node` is the deepest part of it that the text has."""

    def __init__(self, node: Node, wrong: str, mend: str) -> None:
        super().__init__(wrong)
        self.node, self.wrong, self.mend = node, wrong, mend


def _compose(text: str, file: str) -> Node:
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        wrong = f"is not YAML: {problem.problem or problem.context or 'unreadable'}"
        raise _whole(file, wrong, "mend the line or its indentation", line, column) from None
    except (YAMLError, ValueError, RecursionError) as problem:
        raise _whole(file, f"is not YAML: {problem}", "mend the file") from None
    if not isinstance(root, MappingNode):
        raise _whole(file, "does not hold a mapping", "begin with `schema: 1`")
    return root


def _whole(file: str, wrong: str, mend: str, line: int = 1, column: int = 1) -> PlantFileError:
    return PlantFileError((Mistake(file=file, line=line, column=column, field="file", wrong=wrong, mend=mend),))


def _mistake(file: str, place: Place, problem: _PlaceError) -> Mistake:
    mark = problem.node.start_mark
    return Mistake(
        file=file,
        line=mark.line + 1,
        column=mark.column + 1,
        field=".".join(str(step) for step in place) or "file",
        wrong=problem.wrong,
        mend=problem.mend,
    )


def _walk(root: Node, place: Place) -> Node:
    node = root
    for step in place:
        child = _child(node, step)
        if child is None:
            raise _PlaceError(node, f"there is no {step!r} here", "name a field that stands in the text")
        if child.anchor is not None:
            raise _PlaceError(child, f"is shared by the anchor &{child.anchor}", "write the value out, then change it")
        node = child
    return node


def _new_field(root: Node, place: Place, value: Scalar, text: str) -> tuple[int, str]:
    """Where a field that an entry does not have goes, and its text."""
    entry, key = _walk(root, place[:-1]), str(place[-1])
    if not isinstance(entry, MappingNode):
        raise _PlaceError(entry, "is no mapping", "name an entry with fields")
    if _child(entry, key) is not None:
        raise _PlaceError(entry, f"has {key!r} already", "change its value")
    before = [
        (name, node)
        for name, node in entry.value
        if isinstance(node, ScalarNode)
        and node.style not in ("|", ">")
        and node.start_mark.index < node.end_mark.index
        and node.start_mark.line == node.end_mark.line == name.start_mark.line
    ]
    if not before:
        raise _PlaceError(entry, "has no value on one line to write behind", "write the field by hand")
    name, node = before[-1]
    plain = ScalarNode(tag="", value="", start_mark=node.start_mark, end_mark=node.start_mark)
    spelled = f"{key}: {_spelled(plain, value, text)}"
    if entry.flow_style:
        return node.end_mark.index, f", {spelled}"
    end = text.find("\n", node.end_mark.index)
    ending = "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"
    indent = " " * name.start_mark.column
    return (len(text), f"\n{indent}{spelled}") if end < 0 else (end + 1, f"{indent}{spelled}{ending}")


def _take_out(root: Node, place: Place, value: Scalar, file: str) -> None:
    """Takes an added field out of the nodes of the result, where it must be as wanted; the rest is compared."""
    entry, key = _walk(root, place[:-1]), str(place[-1])
    node = _child(entry, key)
    if not isinstance(node, ScalarNode) or not _holds(node, value):
        line = entry.start_mark.line + 1
        raise _whole(file, "a field would not be read as it was written", "write it by hand", line)
    entry.value = [pair for pair in entry.value if pair[1] is not node]


def _find(root: Node, place: Place) -> ScalarNode:
    node = _walk(root, place)
    if not isinstance(node, ScalarNode):
        raise _PlaceError(node, "holds more than one value", "name one of its fields")
    if node.start_mark.index == node.end_mark.index:
        raise _PlaceError(node, "is empty", "write a value by hand first")
    if node.style in ("|", ">"):
        raise _PlaceError(node, "is a text of several lines", "change it by hand, or write it in quotes")
    return node


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node, MappingNode):
        found = [value for key, value in node.value if isinstance(key, ScalarNode) and key.value == str(step)]
        return found[0] if len(found) == 1 else None
    if isinstance(node, SequenceNode):
        if isinstance(step, int):
            return node.value[step] if 0 <= step < len(node.value) else None
        named = [entry for entry in node.value if _name(entry) == step]
        if len(named) > 1:
            raise _PlaceError(named[1], f"{step!r} is there twice", "give one of them another name")
        return named[0] if named else None
    return None


def _name(entry: Node) -> str | None:
    if isinstance(entry, MappingNode):
        for key, value in entry.value:
            if key.value == "name" and isinstance(value, ScalarNode):
                return str(value.value)
    return None


def _spelled(node: ScalarNode, value: Scalar, text: str) -> str:
    """The value in the quoting of the scalar that it replaces, in double quotes where that cannot hold it."""
    old = text[node.start_mark.index : node.end_mark.index]
    quote = node.style if node.style in ("'", '"') else ""
    if isinstance(value, bool):
        spelled = "true" if value else "false"
    elif isinstance(value, int | float):
        if not math.isfinite(value):
            raise _PlaceError(node, f"cannot become {value}", "give a finite number")
        spelled = _number(value, decimals="." in old)
    else:
        spelled = value
        if not quote and not _plain(value):
            quote = '"'
    if quote == "'" and _UNPRINTABLE.search(spelled):
        quote = '"'
    if quote == '"':
        escaped = json.dumps(spelled, ensure_ascii=False)
        spelled = _NEEDS_ESCAPE.sub(lambda found: f"\\u{ord(found.group()):04x}", escaped)
    elif quote == "'":
        spelled = "'" + spelled.replace("'", "''") + "'"
    return spelled


def _number(value: int | float, *, decimals: bool) -> str:
    if isinstance(value, int):
        return str(value)
    spelled = format(Decimal(repr(float(value))), "f")
    whole, _, fraction = spelled.partition(".")
    if not fraction.strip("0"):
        return f"{whole}.0" if decimals else whole
    return spelled


def _plain(value: str) -> bool:
    """Whether the words can stand without quotes anywhere in a YAML file and still be a text."""
    if not value or _UNPRINTABLE.search(value) or _WORDS_OF_OLD_YAML.match(value):
        return False
    try:
        read = YAML(typ="safe", pure=True).load(f"[{value}]")
    except (YAMLError, ValueError):
        return False
    return bool(read == [value] and isinstance(read[0], str))


def _compare(old: Node, new: Node, wanted: Mapping[int, Scalar], file: str) -> None:
    """Refuses a result that differs from the old text anywhere but at the wanted places."""
    pairs = zip(_flat(old), _flat(new), strict=True)
    try:
        for before, after in pairs:
            if id(before) in wanted:
                good = isinstance(after, ScalarNode) and _holds(after, wanted[id(before)])
            else:
                good = type(before) is type(after) and before.tag == after.tag
                good = good and (not isinstance(before, ScalarNode) or before.value == after.value)
            if not good:
                mark = before.start_mark
                raise _whole(file, "a change would alter more than its own value", "change it by hand", mark.line + 1)
    except ValueError:
        raise _whole(file, "a change would alter more than its own value", "change it by hand") from None


def _holds(node: ScalarNode, value: Scalar) -> bool:
    if isinstance(value, bool):
        return bool(node.value == ("true" if value else "false"))
    if isinstance(value, str):
        return bool(node.value == value)
    return float(node.value) == float(value)


def _flat(root: Node) -> Iterator[Node]:
    seen: set[int] = set()
    todo: list[Any] = [root]
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, MappingNode):
            todo.extend(part for pair in node.value for part in pair)
        elif isinstance(node, SequenceNode):
            todo.extend(node.value)

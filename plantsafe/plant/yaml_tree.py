"""YAML as values with places: plain mappings, lists and scalars; what else YAML can do is a mistake with a place."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from plantsafe.errors import Mistake

Where = tuple[str | int, ...]

SIZE_MAX = 200_000_000  # bytes, site default
_TAG = "tag:yaml.org,2002:"
_TEXTS = (f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}merge", f"{_TAG}value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One file read: its value, the nodes that know the places, and the mistakes of its form.

    `value` is None where the file could not be read at all; a mapping otherwise.
    """

    path: Path
    value: dict[Any, Any] | None
    node: Node | None
    mistakes: list[Mistake] = field(default_factory=list)

    def place(self, where: Where) -> tuple[int, int]:
        """Line and column (from 1) of the deepest part of `where` that the file has."""
        line, column, node = 1, 1, self.node
        for step in where:
            if isinstance(node, MappingNode):
                pair = next((pair for pair in reversed(node.value) if pair[0].value == str(step)), None)
                if pair is None:
                    break
                mark, node = pair[0].start_mark, pair[1]
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                mark = node.start_mark
            else:
                break
            line, column = mark.line + 1, mark.column + 1
        return line, column


def at(path: Path, line: int, column: int, where: str, wrong: str, mend: str) -> Mistake:
    """A mistake at a line and column."""
    return Mistake(file=str(path), line=line, column=column, field=where, wrong=wrong, mend=mend)


def read_tree(path: Path) -> Tree:
    """The file; never raises for what the file holds."""

    def unread(line: int, column: int, wrong: str, mend: str) -> Tree:
        return Tree(path=path, value=None, node=None, mistakes=[at(path, line, column, "file", wrong, mend)])

    try:
        if path.exists() and not path.is_file():
            return unread(1, 1, "cannot be read: it is no regular file", "give the path of a readable file")
        if path.stat().st_size > SIZE_MAX:
            return unread(1, 1, f"is over {SIZE_MAX} bytes", "put long lists into tables")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        return unread(1, 1, f"cannot be read: {problem.strerror}", "give the path of a readable file")
    except UnicodeDecodeError as problem:
        return unread(1, 1, f"is not UTF-8 at byte {problem.start}", "save it as UTF-8")
    except ValueError as problem:  # a path with a NUL
        return unread(1, 1, f"cannot be read: {problem}", "give the path of a readable file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ruamel warns of anchors that are used twice; anchors are refused below
            node = YAML(typ="safe", pure=True).compose(text)
        mistakes: list[Mistake] = []
        value = _value(path, node, set(), mistakes, ())
    except MarkedYAMLError as problem:
        mark = problem.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        wrong = f"is not YAML: {problem.problem or problem.context or 'unreadable'}"
        return unread(line, column, wrong, "mend the line or its indentation")
    except RecursionError:
        return unread(1, 1, "is nested too deeply", "mend the brackets")
    except Exception as problem:  # noqa: BLE001  # the YAML library raises many kinds on text that is no YAML
        line = text.count("\n", 0, getattr(problem, "position", None) or 0) + 1
        reason = str(getattr(problem, "reason", "") or problem).splitlines()
        return unread(line, 1, f"is not YAML: {reason[0] if reason else type(problem).__name__}", "mend the file")
    if not isinstance(value, dict):
        return unread(1, 1, "does not hold a mapping", "begin with `schema: 1`")
    return Tree(path=path, value=value, node=node, mistakes=mistakes)


def _value(path: Path, node: Node | None, seen: set[int], mistakes: list[Mistake], where: Where) -> Any:
    """What the node says; each node is met once, so that aliases cannot grow."""
    if node is None:
        return None

    def wrong(node: Node, text: str, mend: str) -> None:
        mark = node.start_mark
        mistakes.append(at(path, mark.line + 1, mark.column + 1, words(where), text, mend))

    if id(node) in seen:
        wrong(node, "is used again by an alias", "write the entry out where the * stands")
        return None
    seen.add(id(node))
    if isinstance(node, ScalarNode):
        if node.tag not in _SCALARS and node.tag not in _TEXTS:
            wrong(node, f"has the tag {node.tag}", "write plain text or a number")
            return None
        return _scalar(node)
    if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
        return [_value(path, item, seen, mistakes, (*where, i)) for i, item in enumerate(node.value)]
    if not (isinstance(node, MappingNode) and node.tag == f"{_TAG}map"):
        wrong(node, f"has the tag {node.tag}", "write a plain mapping or list")
        return None
    found: dict[Any, Any] = {}
    lines: dict[str, int] = {}
    for key, item in node.value:
        if not isinstance(key, ScalarNode):
            wrong(key, "is a list or a mapping as a key", "write a plain word as the key")
            continue
        if key.value in lines:
            mark, mend = key.start_mark, "remove one of the two"
            text = f"is there already, at line {lines[key.value]}"
            field_words = words((*where, key.value))
            mistakes.append(at(path, mark.line + 1, mark.column + 1, field_words, text, mend))
        lines.setdefault(key.value, key.start_mark.line + 1)
        name = _scalar(key)
        name = name if isinstance(name, int) and not isinstance(name, bool) else key.value
        found[name] = _value(path, item, seen, mistakes, (*where, key.value))
    return found


def words(where: Iterable[str | int]) -> str:
    """A place in words."""
    return ".".join(str(step) for step in where) or "file"


def _scalar(node: ScalarNode) -> Any:
    """The value of a scalar; text where it is not what its tag says."""
    read = _SCALARS.get(str(node.tag))
    if read is None:
        return node.value
    try:
        return read(node.value)
    except (ValueError, KeyError):
        return node.value


def _integer(text: str) -> int:
    plain = text.replace("_", "").lower()
    sign, digits = (-1, plain[1:]) if plain.startswith("-") else (1, plain.lstrip("+"))
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2], 10)
    return sign * int(digits[2:] if base != 10 else digits, base)


def _float(text: str) -> float:
    plain = text.replace("_", "").lower()
    return float(plain.replace(".inf", "inf").replace(".nan", "nan"))


_SCALARS: dict[str, Any] = {
    f"{_TAG}null": lambda _: None,
    f"{_TAG}bool": lambda text: {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}[
        text.lower()
    ],
    f"{_TAG}int": _integer,
    f"{_TAG}float": _float,
}

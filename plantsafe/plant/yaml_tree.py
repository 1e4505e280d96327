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
COPIES_MAX = 200_000  # values that aliases add, site default
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
                pair = _pair(node, str(step), 0)
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
        value = _Reader(path, mistakes).value(node, ())
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


class _Reader:
    """Nodes to values. An alias gives the same value again, as long as all of them together stay small."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        self._path, self._mistakes = path, mistakes
        self._done: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()
        self._copies = 0
        self._size = 0

    def value(self, node: Node | None, where: Where) -> Any:
        """What the node says, and None where that is a mistake."""
        if node is None:
            return None
        if id(node) in self._open:
            return self._wrong(node, where, "holds itself", "remove the alias")
        if id(node) in self._done:
            value, size = self._done[id(node)]
            self._copies += size
            self._size += size
            if self._copies > COPIES_MAX:
                return self._wrong(node, where, f"aliases add over {COPIES_MAX} values", "write the entries out")
            return value
        before = self._size
        self._size += 1
        self._open.add(id(node))
        value = self._fresh(node, where)
        self._open.remove(id(node))
        self._done[id(node)] = (value, self._size - before)
        return value

    def _fresh(self, node: Node, where: Where) -> Any:
        if isinstance(node, ScalarNode):
            if node.tag not in _SCALARS and node.tag not in _TEXTS:
                return self._wrong(node, where, f"has the tag {node.tag}", "write plain text or a number")
            return _scalar(node)
        if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(item, (*where, i)) for i, item in enumerate(node.value)]
        if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, where)
        return self._wrong(node, where, f"has the tag {node.tag}", "write a plain mapping or list")

    def _mapping(self, node: MappingNode, where: Where) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        lines: dict[str, int] = {}
        for key, item in node.value:
            if not isinstance(key, ScalarNode):
                self._wrong(key, where, "is a list or a mapping as a key", "write a plain word as the key")
                continue
            inside = (*where, key.value)
            if key.value in lines:
                self._wrong(key, inside, f"is there already, at line {lines[key.value]}", "remove one of the two")
            lines.setdefault(key.value, key.start_mark.line + 1)
            value = self.value(item, inside)
            if key.tag == f"{_TAG}merge":
                for part in value if isinstance(value, list) else [value]:
                    if isinstance(part, dict):
                        merged = {**part, **merged}
                    else:
                        self._wrong(key, inside, "does not name a mapping", "name an entry with fields")
                continue
            name = _scalar(key)
            found[name if isinstance(name, int) and not isinstance(name, bool) else key.value] = value
        return {**merged, **found}

    def _wrong(self, node: Node, where: Where, text: str, mend: str) -> None:
        mark = node.start_mark
        self._mistakes.append(at(self._path, mark.line + 1, mark.column + 1, words(where), text, mend))


def words(where: Iterable[str | int]) -> str:
    """A place in words."""
    return ".".join(str(step) for step in where) or "file"


def _pair(node: MappingNode, key: str, depth: int) -> tuple[Node, Node] | None:
    """Key and value of a mapping, or of what is merged into it."""
    for pair in reversed(node.value):
        if pair[0].value == key:
            return pair[0], pair[1]
    for name, value in node.value if depth < 10 else ():
        if name.tag == f"{_TAG}merge":
            for part in value.value if isinstance(value, SequenceNode) else [value]:
                if isinstance(part, MappingNode) and (found := _pair(part, key, depth + 1)) is not None:
                    return found
    return None


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

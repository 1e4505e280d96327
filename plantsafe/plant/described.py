"""A YAML file that a person writes, read into a pydantic model: every mistake with line, column, field and mend."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from plantsafe.errors import FileMistakesError, Mistake

Where = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_MENDS = {
    "extra_forbidden": "remove the key or correct its spelling",
    "missing": "add the field",
    "string_pattern_mismatch": "letters, digits, dot, dash and underscore; begin with a letter or digit",
    "literal_error": "write one of the values that the message lists",
    "enum": "write one of the values that the message lists",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described(Generic[M]):
    """A validated file and the tree it came from, so that later checks can name the place of what they find."""

    path: Path
    tree: CommentedMap
    value: M

    def mistake(self, where: Where, wrong: str, mend: str) -> Mistake:
        """A mistake at a place of the file."""
        line, column = _place(self.tree, where)
        return _at(self.path, line, column, _field(self.tree, where), wrong, mend)

    def unknown(self, where: Where, name: str, known: Iterable[str], kind: str) -> Mistake:
        """A mistake at a place that names something which does not exist; the nearest name is offered."""
        near = difflib.get_close_matches(name, list(known), n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"add {name!r}, or correct the name"
        return self.mistake(where, f"there is no {kind} {name!r}", mend)


def read_described(path: Path, model: type[M], error: type[FileMistakesError]) -> Described[M]:
    """The file as `model`; raises `error` with all mistakes."""
    tree = _read(path, error)
    try:
        value = model.model_validate(_plain(tree))
    except ValidationError as invalid:
        known = _known_fields(model)
        raise error(tuple(_mistake(path, tree, detail, known) for detail in invalid.errors())) from None
    return Described(path=path, tree=tree, value=value)


def _read(path: Path, error: type[FileMistakesError]) -> CommentedMap:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise error(
            (
                _at(
                    path,
                    1,
                    1,
                    "file",
                    f"cannot be read: {problem.strerror}",
                    "give the path of a readable file",
                ),
            )
        ) from None
    except UnicodeDecodeError as problem:
        raise error((_at(path, 1, 1, "file", f"is not UTF-8 at byte {problem.start}", "save it as UTF-8"),)) from None
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        wrong = f"is not YAML: {problem.problem or problem.context or 'unreadable'}"
        raise error((_at(path, line, column, "file", wrong, "mend the line or its indentation"),)) from None
    except (YAMLError, ValueError, RecursionError) as problem:
        raise error((_at(path, 1, 1, "file", f"is not YAML: {problem}", "mend the file"),)) from None
    if not isinstance(tree, CommentedMap):
        raise error((_at(path, 1, 1, "file", "does not hold a mapping", "begin with `schema: 1`"),))
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


def _field(tree: Any, where: Where) -> str:
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


def _mistake(path: Path, tree: CommentedMap, detail: Any, known: list[str]) -> Mistake:
    where: Where = tuple(detail["loc"])
    line, column = _place(tree, where)
    wrong = detail["msg"].removeprefix("Value error, ")
    mend = _MENDS.get(detail["type"], "write a value of the kind that the message asks for")
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(where[-1]), known, n=1)
        mend = f"did you mean {near[0]!r}?" if near else mend
        wrong = "is no field of this entry"
    return _at(path, line, column, _field(tree, where), wrong, mend)


def _known_fields(model: type[BaseModel]) -> list[str]:
    names: set[str] = set()
    todo: list[Any] = [model.model_json_schema()]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            names.update(node.get("properties", {}))
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    return sorted(names)

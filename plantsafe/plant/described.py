"""A YAML file that a person writes, read into a pydantic model: every mistake with line, column, field and mend."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from plantsafe.errors import FileMistakesError, Mistake
from plantsafe.plant.yaml_tree import Tree, Where, at, read_tree

M = TypeVar("M", bound=BaseModel)

_MENDS = {
    "extra_forbidden": "remove the key or correct its spelling",
    "missing": "add the field",
    "string_pattern_mismatch": "letters, digits, dot, dash and underscore; begin with a letter or digit",
    "literal_error": "write one of the values that the message lists",
    "enum": "write one of the values that the message lists",
}
_SECRETS = ("password", "secret", "passphrase", "token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described(Generic[M]):
    """A validated file and the tree it came from, so that later checks can name the place of what they find."""

    path: Path
    tree: Tree
    value: M

    def mistake(self, where: Where, wrong: str, mend: str) -> Mistake:
        """A mistake at a place of the file."""
        line, column = self.tree.place(where)
        return at(self.path, line, column, in_words(self.tree.value, where), wrong, mend)

    def unknown(self, where: Where, name: str, known: Iterable[str], kind: str) -> Mistake:
        """A mistake at a place that names something which does not exist; the nearest name is offered."""
        return self.mistake(where, f"there is no {kind} {name!r}", nearest(name, known))


def read_described(path: Path, model: type[M], error: type[FileMistakesError]) -> Described[M]:
    """The file as `model`; raises `error` with all mistakes."""
    tree = read_tree(path)
    found = list(tree.mistakes)
    if tree.value is not None:
        try:
            value = model.model_validate(tree.value)
            if not found:
                return Described(path=path, tree=tree, value=value)
        except ValidationError as invalid:
            known = known_fields(model)
            for detail in invalid.errors(include_url=False):
                where: Where = tuple(detail["loc"])
                wrong, mend = told(detail, known)
                found.append(at(path, *tree.place(where), in_words(tree.value, where), wrong, mend))
    raise error(tuple(found))


def nearest(name: str, known: Iterable[str]) -> str:
    """The mend of a name that is not there: the nearest that is, or to add it."""
    near = nearest_name(name, known)
    return f"did you mean {near!r}?" if near else f"add {name!r}, or correct the name"


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The most alike of the known names, whatever its case; short names may differ in half of their letters."""
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(one.casefold(), one)
    cutoff = 0.5 if len(name) <= 4 else 0.6
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=cutoff)
    return folded[near[0]] if near else None


def in_words(value: Any, where: Sequence[str | int]) -> str:
    """The place in words: list entries by their name where they have one."""
    words, node = [], value
    for step in where:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            node = None
        named = isinstance(step, int) and isinstance(node, dict) and isinstance(node.get("name"), str)
        words.append(node["name"] if named and node is not None else str(step))
    return ".".join(words) or "file"


def told(detail: Any, known: Sequence[str]) -> tuple[str, str]:
    """What is wrong and what would mend it, of one of pydantic's details."""
    wrong = detail["msg"].removeprefix("Value error, ")
    mend = _MENDS.get(detail["type"], "write a value of the kind that the message asks for")
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(last, known, n=1)
        mend = f"did you mean {near[0]!r}?" if near else mend
        wrong = "is no field of this entry"
        if any(secret in last.lower() for secret in _SECRETS):
            wrong = "a secret has no place in the file"
            mend = "remove it; write password_env: NAME and put the secret into that variable of the environment"
    elif detail["type"] == "missing":
        wrong = f"{last} is missing"
        mend = f"add {last}"
    return wrong, mend


@cache
def known_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The names of all fields of a model and of the models in it."""
    names: set[str] = set()
    todo: list[Any] = [model.model_json_schema()]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            names.update(node.get("properties", {}))
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    return tuple(sorted(names))

"""The reference page of the plant file, written from the model, so that it says what the loader takes.

    python -m plantsafe.plant.reference docs/reference/plant-example/plant.yaml > docs/reference/plant-file.md

The examples are cut from a plant file that uses every field.
"""

import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from plantsafe.plant.model import PlantFile, Text
from plantsafe.plant.model.entry import Day, Entry, Name, Refers
from plantsafe.plant.model.file import FileHead
from plantsafe.plant.partial import bare

_UNITS = {
    "per_h": "per hour", "s": "s", "min": "min", "h": "h", "m": "m", "t": "t", "c": "°C", "kpa": "kPa", "days": "days",
    "per_s": "per s",
}  # fmt: skip  # what a field's name ends in
_PLAIN = {str: "text", bool: "true or false", int: "whole number", float: "number"}
_BOUNDS = (("gt", "over"), ("ge", "from"), ("lt", "under"), ("le", "to"))
_INCLUDE = "Files whose lists are added behind those of this file."
_HEAD = """# The plant file

One text file says what the plant is: its places, what is measured and from where, which values are too high, what
the safety system does about it, and who answers for it. `plantsafe check plant.yaml` names every mistake in it with
line, field and what would mend it; `plantsafe check --diff old.yaml plant.yaml` says in words what changed.
`plantsafe plant new` writes a first file, `plantsafe plant schema` the JSON Schema with which editors complete and
mark it.

This page is written from the model (`python -m plantsafe.plant.reference`); a test compares the two. Its examples
are one plant, [plant-example/plant.yaml](plant-example/plant.yaml), which uses every field.

## How it is written

- **Names** are letters, digits, dot, dash and underscore. An entry names another by its name.
- **Texts** that people read are in both languages: `title: {en: Tank, zh: 釜}`.
- **Units of measure** are said once, at the point (`eu`); limits, ranges and set points on it are in that unit.
  Other figures carry their unit in the name of the field: `on_delay_s`, `respond_min`.
- **Expressions** are comparisons and sums over points in quotes: `'"XA-101" > 0.5 and abs("TI-101") > 60'`.
- **Secrets** are not in the file: `password_env: NAME` says which variable of the environment holds one.
- **Included files**: `include: [workshop2.yaml]` adds the lists of another file behind those of this one; `schema`,
  `author`, `scan_period_s` and `site` stand in the main file alone. Paths count from the folder of the file that
  names them.
- **Tables**: in the place of a list, or of an entry in it, `{table: points.csv}` (for Excel with `sheet: DCS`)
  puts the rows of a CSV or Excel file there. The first row names the fields, with dots for what lies inside:
  `name`, `title.en`, `range.low`, `modbus.address`. An empty cell leaves the field out; `states` reads
  `0=stopped|停止; 1=running|运行`, lists read `A; B`. CSV is UTF-8; a file that is not is read as GB 18030 (GBK), and
  `check` says so. Put long lists into tables: 100,000 points load in 6 s from CSV and in over a minute from YAML, and
  rows are easier to compare. `check` says so of lists of more than 5,000 entries.
"""


def reference_page(example: Path) -> str:
    """The page in Markdown, with examples from the file."""
    return "\n".join([_HEAD, *_sections(example.read_text(encoding="utf-8"))])


def _sections(example: str) -> Iterator[str]:
    told: dict[type[Entry], str] = {}
    yield "## The head of the file\n"
    yield from _table(FileHead, told)
    yield f"| `include` | list of files | – | {_INCLUDE} |\n"
    yield _example(example, "schema", "author", "scan_period_s", "include", "site")
    yield from _inner(FileHead, "the file", told)
    for key, info in PlantFile.model_fields.items():
        if key in FileHead.model_fields:
            continue
        kind = bare(info.annotation)
        model: type[Entry] = kind if isinstance(kind, type) else get_args(kind)[0]
        told[model] = _anchor(key)
        needed = "" if not info.is_required() else " The file needs at least one."
        yield f"## {key}\n\n{info.description}{needed}\n"
        yield from _table(model, told)
        yield ""
        yield _example(example, key)
        yield from _inner(model, key, told)


def _inner(model: type[Entry], parent: str, told: dict[type[Entry], str]) -> Iterator[str]:
    """The entries inside of an entry, each told once."""
    for key, info in model.model_fields.items():
        inner = _entry_in(info.annotation)
        if inner is None or inner is Text or told.get(inner, "") not in ("", _anchor(f"{key} of {parent}")):
            continue
        title = f"{key} of {parent}"
        told[inner] = _anchor(title)
        yield f"### {title}\n\n{_sentence(inner)}\n"
        yield from _table(inner, told, parent=key)
        yield ""
        yield from _inner(inner, key, told)


def _table(model: type[Entry], told: dict[type[Entry], str], parent: str = "") -> Iterator[str]:
    yield "| field | type | default | meaning |\n|---|---|---|---|"
    for name, info in model.model_fields.items():
        key = info.alias or name
        inner = _entry_in(info.annotation)
        if inner is not None and inner is not Text and inner not in told:
            owner = parent or next((k for m, k in told.items() if m is model), "the file")
            told[inner] = _anchor(f"{name} of {owner}")
        words = _kind(info.annotation, tuple(info.metadata), told)
        bounds = _bounds(info)
        unit = next((u for end, u in _UNITS.items() if name.endswith(f"_{end}")), "")
        kind = ", ".join(part for part in (words, unit, bounds) if part).replace("|", "\\|")
        yield f"| `{key}` | {kind} | {_default(info)} | {info.description} |"


def _kind(kind: Any, metadata: tuple[Any, ...], told: dict[type[Entry], str]) -> str:
    if hasattr(kind, "__metadata__"):
        return _kind(get_args(kind)[0], (*kind.__metadata__, *metadata), told)
    plain = bare(kind, keep_annotated=True)
    if plain is not kind:
        return _kind(plain, metadata, told)
    refers = next((one.kind for one in metadata if isinstance(one, Refers)), None)
    if refers is not None:
        return f"name of {'an' if refers[0] in 'aeio' else 'a'} {refers}"
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind))
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        return f"list: {_kind(parts[0], (), told)}" if parts[-1] is ... else "`[low, high]`, numbers"
    if get_origin(kind) is dict:
        key, value = get_args(kind)
        return f"mapping: {_kind(key, (), told)} to {_kind(value, (), told)}"
    if kind is Text:
        return "text in both languages"
    if issubclass(kind, Entry):
        return f"[{_spaced(kind.__name__)}](#{told.get(kind, '')})"
    if issubclass(kind, StrEnum):
        return " or ".join(f"`{value}`" for value in kind)
    if _pattern(metadata) == _pattern(_conditions(Day)):
        return "day, `YYYY-MM-DD`"
    return "name" if _pattern(metadata) == _pattern(_conditions(Name)) else _PLAIN[kind]


def _conditions(kind: Any) -> tuple[Any, ...]:
    return tuple(kind.__metadata__)


def _pattern(metadata: tuple[Any, ...]) -> str:
    """The pattern among the conditions of a text."""
    for one in metadata:
        for inner in (one, *getattr(one, "metadata", ())):
            if getattr(inner, "pattern", None):
                return str(inner.pattern)
    return ""


def _bounds(info: FieldInfo) -> str:
    given = {key: getattr(one, key) for one in info.metadata for key, _ in _BOUNDS if hasattr(one, key)}
    words = [f"{word} {given[key]:g}" for key, word in _BOUNDS if key in given]
    if any(getattr(one, "min_length", 0) for one in info.metadata):
        words.append("not empty")
    return " ".join(words)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "**needed**"
    value = info.get_default(call_default_factory=True)
    if value is None or value in ((), {}, "") or isinstance(value, Entry):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(f'{one:g}' if isinstance(one, float) else str(one) for one in value)}]`"
    return f"`{value}`"


def _entry_in(kind: Any) -> type[Entry] | None:
    """The model of entries in a type."""
    kind = bare(kind)
    if isinstance(kind, type) and issubclass(kind, Entry):
        return kind
    return next((found for part in get_args(kind) if (found := _entry_in(part)) is not None), None)


def _sentence(model: type[Entry]) -> str:
    """The first sentence of a model's own words."""
    return re.sub(r"\s+", " ", model.__doc__ or "")


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _example(text: str, *keys: str) -> str:
    """The lines of some top-level keys."""
    parts = [
        match.group(0) for key in keys if (match := re.search(rf"^{key}:.*\n((?:[ #].*)?\n)*", text, re.MULTILINE))
    ]
    return f"```yaml\n{''.join(parts).rstrip()}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(reference_page(Path(sys.argv[1])))

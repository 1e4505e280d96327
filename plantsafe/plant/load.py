"""From a YAML file to a compiled plant, or to every mistake with its place."""

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from plantsafe.errors import Mistake, PlantFileError
from plantsafe.plant.assemble import SECTIONS, Assembled, Section, assemble
from plantsafe.plant.described import known_fields, told
from plantsafe.plant.model import PlantFile, Registers
from plantsafe.plant.model.entry import OWN, Entry, Found
from plantsafe.plant.model.file import FileHead
from plantsafe.plant.partial import Partial, bare, partial
from plantsafe.plant.rules import View, broken_demands, broken_rules
from plantsafe.plant.slim import Shared
from plantsafe.plant.tables import Plant, compile_plant
from plantsafe.plant.yaml_tree import Where

SLICE = 1000  # entries, site default
WRITTEN_OUT_MAX = 5000  # entries in YAML before a table is better: they take about 3 s
_NEEDED = ("workshops", "units", "sources", "points")


def load_plant(path: Path, shared: Shared | None = None) -> Plant:
    """The compiled plant of a file; raises PlantFileError with all mistakes that were found.

    `shared`: the same for two files that are compared, so that what they have in common is held once.
    """
    with _nothing_to_collect():
        return _loaded(path, broken_rules, shared)


def check_plant(path: Path, shared: Shared | None = None, hints: list[Mistake] | None = None) -> Plant:
    """As `load_plant`, and what outside rules ask and units of measure are checked too: for people, before approval.

    A running plant is loaded without them: one that breaks a rule on head-counts must be watched all the same.
    `hints` takes what could be better and is no mistake.
    """
    from plantsafe.plant.rules.measure import broken_measures

    def both(view: View) -> Iterator[Found]:
        yield from broken_rules(view)
        yield from broken_demands(view)
        yield from broken_measures(view)

    with _nothing_to_collect():
        return _loaded(path, both, shared, hints)


def plant_of_document(document: str) -> Plant:
    """The compiled plant of the canonical JSON that `Plant.document` wrote (kept in the record)."""
    shared = Shared()
    with _nothing_to_collect():
        raw = json.loads(document)
        for key in (section[0] for section in SECTIONS if len(section) == 1 and section[0] in raw):
            entries, rest = [], raw.pop(key)
            while rest:  # what is validated already need not stay as mappings
                made = _list_of(_model((key,))).validate_python(rest[:SLICE])
                shared.slim(made)
                entries += made
                del rest[:SLICE]
            raw[key] = entries
        return compile_plant(PlantFile.model_validate(raw))


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """A large plant is a million objects that all stay: to look for garbage among them would take half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _loaded(
    path: Path,
    rules: Callable[[View], Iterator[Found]],
    shared: Shared | None = None,
    hints: list[Mistake] | None = None,
) -> Plant:
    view, mistakes = _viewed(path, rules, shared, hints)
    if mistakes:
        raise PlantFileError(mistakes)
    return compile_plant(_file(view))


def survey_plant(path: Path) -> tuple[View, tuple[Mistake, ...]]:
    """All entries of a file, those that could not be read as a part of themselves, and every mistake of `check`.

    For reviews that have something to say of a file that cannot be used yet. Raises PlantFileError where there is no
    file to speak of.
    """

    def both(view: View) -> Iterator[Found]:
        yield from broken_rules(view)
        yield from broken_demands(view)

    with _nothing_to_collect():
        return _viewed(path, both)


def _viewed(
    path: Path,
    rules: Callable[[View], Iterator[Found]],
    shared: Shared | None = None,
    hints: list[Mistake] | None = None,
) -> tuple[View, tuple[Mistake, ...]]:
    shared = Shared() if shared is None else shared
    whole = assemble(path, shared.texts)
    if hints is not None:
        hints += [*whole.hints, *_long_lists(whole)]
    if whole.main.value is None:
        raise PlantFileError(tuple(whole.mistakes))
    mistakes = list(whole.mistakes)
    view = View(whole, _validated(whole, (), FileHead, whole.head, mistakes))
    for section in SECTIONS:
        view.entries[section] = _entries(whole, section, mistakes, shared)
    if isinstance(view.head, Partial):
        mistakes += [_of(whole, found) for found in view.head.own_mistakes()]
    mistakes += [_of(whole, found) for found in rules(view)]
    return view, _in_order(whole, mistakes)


def _long_lists(whole: Assembled) -> Iterator[Mistake]:
    for section, entries in whole.entries.items():
        if entries.written_out > WRITTEN_OUT_MAX:
            said = f"{entries.written_out} entries are written out in YAML, which is slow to read"
            yield whole.mistake(
                (*section, 0), said, f"put them into a table: {section[-1]}: {{table: FILE.csv}}", "hint"
            )


def _file(view: View) -> PlantFile:
    """The file's model from its validated parts, which are not validated again."""
    lists: dict[str, Any] = {section[0]: entries for section, entries in view.entries.items() if len(section) == 1}
    registers: dict[str, Any] = {section[1]: entries for section, entries in view.entries.items() if len(section) == 2}
    return PlantFile.model_construct(**dict(view.head), **lists, registers=Registers.model_construct(**registers))


@cache
def _model(section: Section) -> type[Entry]:
    """The model of a section's entries."""
    holder: type[Entry] = PlantFile if len(section) == 1 else Registers
    model = get_args(holder.model_fields[section[-1]].annotation)[0]
    assert isinstance(model, type)  # noqa: S101  # for the type checker: sections hold entries
    return model


@cache
def _list_of(model: type[Entry]) -> TypeAdapter[Any]:
    return TypeAdapter(tuple[model, ...])  # type: ignore[valid-type]  # made once for each model


def _entries(whole: Assembled, section: Section, mistakes: list[Mistake], shared: Shared) -> tuple[Any, ...]:
    raw, model = whole.entries[section], _model(section)
    if not raw and section[-1] in _NEEDED:
        wrong = f"{section[-1]} has no entries"
        mistakes.append(whole.mistake(section, wrong, f"add {section[-1]}", "missing"))
    made: list[Any] = []
    for first in range(0, len(raw), SLICE):  # rows are mappings only while they are validated
        numbers = range(first, min(first + SLICE, len(raw)))
        if shared.rows is None:
            made += _made(whole, section, model, numbers, mistakes, shared)
            continue
        keys = [raw.key(i) for i in numbers]
        before = [shared.rows.get((section, key)) for key in keys]
        fresh = [i for i, entry in zip(numbers, before, strict=True) if entry is None]
        others = iter(_made(whole, section, model, fresh, mistakes, shared))
        for key, known in zip(keys, before, strict=True):
            entry = next(others) if known is None else known
            if known is None and key is not None and isinstance(entry, Entry):
                shared.rows[section, key] = entry
            made.append(entry)
    return tuple(made)


def _made(
    whole: Assembled, section: Section, model: type[Entry], numbers: Sequence[int], mistakes: list[Mistake],
    shared: Shared,
) -> Sequence[Any]:  # fmt: skip
    """Some entries of a section, validated together where all of them are good."""
    part = [whole.entries[section][i] for i in numbers]
    try:
        entries: tuple[Entry, ...] = _list_of(model).validate_python(part)
    except ValidationError:
        return [_validated(whole, (*section, i), model, one, mistakes) for i, one in zip(numbers, part, strict=True)]
    shared.slim(entries)
    return entries


def _validated(whole: Assembled, where: Where, model: type[Entry], raw: Any, mistakes: list[Mistake]) -> Any:
    """The entry, or what can be read of it after its mistakes were told."""
    try:
        return model.model_validate(raw)
    except ValidationError as invalid:
        for detail in invalid.errors(include_url=False, include_input=False):
            if detail["type"] == OWN:
                continue  # told from the partial entry, with its field
            inside = tuple(step for step in detail["loc"] if step != "[key]")
            if detail["type"] == "too_short" and _length(raw, inside) >= detail["ctx"]["min_length"]:
                continue  # its entries have mistakes of their own
            wrong, mend = told(detail, known_fields(model))
            if detail["type"] == "missing" and (choices := _choices(model, inside)):
                mend = f"{mend}: {choices}; there is no default"
            mistakes.append(whole.mistake((*where, *inside), wrong, mend, detail["type"].replace("_", "-")))
        return partial(model, raw)


def _length(raw: Any, where: tuple[int | str, ...]) -> int:
    """How many entries the list at a place has as it is written."""
    for step in where:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            return 0
    return len(raw) if isinstance(raw, list) else 0


def _choices(model: type[Entry], where: tuple[int | str, ...]) -> str:
    """The values that a field may have, where they are a closed list."""
    kind: Any = model
    for step in where:
        kind = bare(kind)
        if isinstance(kind, type) and issubclass(kind, Entry):
            fields = {info.alias or name: info for name, info in kind.model_fields.items()}
            kind = fields[str(step)].annotation if str(step) in fields else None
        elif get_origin(kind) is tuple:
            kind = get_args(kind)[0]
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
    kind = bare(kind)
    return ", ".join(map(str, get_args(kind))) if get_origin(kind) is Literal else ""


def _of(whole: Assembled, found: Found) -> Mistake:
    return whole.mistake(found.where, found.wrong, found.mend, found.rule)


def _in_order(whole: Assembled, mistakes: list[Mistake]) -> tuple[Mistake, ...]:
    """The main file first, each file from its top, nothing twice."""
    main = str(whole.main.path)
    order = dict.fromkeys(mistakes)
    return tuple(sorted(order, key=lambda one: (one.file != main, one.file, one.line, one.column)))

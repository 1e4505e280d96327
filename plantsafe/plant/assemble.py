"""The main file with what it includes: other YAML files, and tables in the place of entries.

`include: [w1.yaml]` adds the lists of another file behind ours; `points: {table: points.csv}` (or an entry of a list
that reads so) puts the rows of a table there. Paths count from the folder of the file that names them.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plantsafe.errors import Mistake
from plantsafe.plant.described import in_words
from plantsafe.plant.entries import Entries
from plantsafe.plant.table_file import read_table
from plantsafe.plant.yaml_tree import Tree, Where, read_tree

Section = tuple[str, ...]

REGISTERS = ("power_supplies", "relief_devices", "samples", "certificates")
SECTIONS: tuple[Section, ...] = (
    *(
        (name,)
        for name in (
            "workshops", "units", "sources", "points", "alarms", "expression_alarms", "functions", "effects",
            "causes_and_effects", "gas_detectors", "inventories", "people", "seal_places",
        )
    ),
    *(("registers", name) for name in REGISTERS),
)  # fmt: skip
HEAD = ("schema", "author", "scan_period_s", "site")
_LISTS = tuple(section[0] for section in SECTIONS if len(section) == 1)
FILES_MAX = 500  # site default


@dataclass(slots=True)
class Assembled:
    """The whole description as plain values, and where each part of it was written."""

    main: Tree
    texts: dict[str, str]
    head: dict[str, Any] = field(default_factory=dict)
    entries: dict[Section, Entries] = field(default_factory=lambda: {section: Entries() for section in SECTIONS})
    mistakes: list[Mistake] = field(default_factory=list)
    hints: list[Mistake] = field(default_factory=list)

    def mistake(self, where: Where, wrong: str, mend: str, rule: str = "meaning") -> Mistake:
        """A mistake at a place of the whole description, told at the place of the file that it came from."""
        path, line, column = self._place(where)
        depth = self._depth(where)
        words = [*map(str, where[:depth])]
        if len(where) > depth:
            words.append(in_words(self._below(where[:depth]), where[depth:]))
        named = ".".join(words) or "file"
        return Mistake(file=str(path), line=line, column=column, field=named, wrong=wrong, mend=mend, rule=rule)

    def line(self, where: Where) -> str:
        """File and line of a place, as a reader would look it up."""
        path, line, _ = self._place(where)
        return f"line {line}" if path == self.main.path else f"{path.name}:{line}"

    def _depth(self, where: Where) -> int:
        return next((len(s) for s in SECTIONS if where[: len(s)] == s), 0)

    def _below(self, section: Where) -> Any:
        return self.entries.get(tuple(map(str, section))) if section else self.main.value

    def _place(self, where: Where) -> tuple[Path, int, int]:
        depth = self._depth(where)
        section, rest = tuple(map(str, where[:depth])), where[depth:]
        entries = self.entries.get(section)
        if entries and rest and isinstance(rest[0], int):
            return entries.place(rest[0], rest[1:])
        return self.main.path, *self.main.place(where)


def assemble(path: Path, texts: dict[str, str]) -> Assembled:
    """Everything that the file and its parts say; mistakes of their form are in the result. `texts`: see `slim`."""
    tree = read_tree(path)
    whole = Assembled(main=tree, texts=texts)
    whole.mistakes += tree.mistakes
    if tree.value is not None:
        whole.head = {key: tree.value[key] for key in HEAD if key in tree.value}
        _take(whole, tree, {path.resolve()})
    return whole


def _take(whole: Assembled, tree: Tree, seen: set[Path]) -> None:
    value = tree.value or {}
    main = tree is whole.main

    def wrong(where: Where, text: str, mend: str, rule: str = "form") -> None:
        line, column = tree.place(where)
        words = ".".join(map(str, where))
        whole.mistakes.append(
            Mistake(file=str(tree.path), line=line, column=column, field=words, wrong=text, mend=mend, rule=rule)
        )

    for key in value:
        if key in HEAD and not main and key != "schema":
            wrong((key,), "belongs into the main file", "move it there")
        elif key not in (*HEAD, *_LISTS, "include", "registers"):
            near = difflib.get_close_matches(str(key), (*HEAD, *_LISTS, "include", "registers"), n=1)
            mend = f"did you mean {near[0]!r}?" if near else "remove the key or correct its spelling"
            wrong((key,), "is no field of this entry", mend, "unknown-key")
    registers = value.get("registers", {})
    if not isinstance(registers, dict):
        wrong(("registers",), "is no mapping of registers", f"write one of {', '.join(REGISTERS)} below it")
        registers = {}
    for key in registers:
        if key not in REGISTERS:
            near = difflib.get_close_matches(str(key), REGISTERS, n=1)
            mend = f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(REGISTERS)}"
            wrong(("registers", key), "is no register", mend, "unknown-key")
    for section in SECTIONS:
        holder = value if len(section) == 1 else registers
        if section[-1] in holder:
            _take_section(whole, tree, section, holder[section[-1]], wrong)
    for where, name in _paths(value.get("include", []), ("include",), wrong):
        place = tree.path.parent / name
        if place.resolve() in seen:
            wrong(where, f"{name} is included already", "include each file once")
        elif len(seen) >= FILES_MAX:
            wrong(where, f"is one of more than {FILES_MAX} files", "put long lists into tables")
        else:
            seen.add(place.resolve())
            if not _there(place, name, where, wrong):
                continue
            part = read_tree(place)
            whole.mistakes += part.mistakes
            if part.value is not None:
                _take(whole, part, seen)


def _take_section(whole: Assembled, tree: Tree, section: Section, items: Any, wrong: Any) -> None:
    entries = whole.entries[section]
    if isinstance(items, dict) and "table" in items:
        listed: list[tuple[Where, Any]] = [(section, items)]
    elif isinstance(items, list):
        listed = [((*section, i), item) for i, item in enumerate(items)]
    else:
        wrong(section, "is no list", "write a list of entries, or {table: FILE}")
        return
    for where, item in listed:
        if isinstance(item, dict) and "table" in item:
            for key in item:
                if key not in ("table", "sheet"):
                    wrong((*where, key), "is no field of a table", "write table and, for Excel, sheet", "unknown-key")
            sheet = item.get("sheet")
            for _, name in _paths([item["table"]], (*where, "table"), wrong):
                if not _there(tree.path.parent / name, name, (*where, "table"), wrong):
                    continue
                table = read_table(tree.path.parent / name, None if sheet is None else str(sheet), whole.texts)
                whole.mistakes += table.mistakes
                whole.hints += table.hints
                entries.add_table(tree, where, table)
        else:
            entries.add(tree, where, item)


def _there(path: Path, name: str, where: Where, wrong: Any) -> bool:
    """Whether the path is one of a file; told where it is named, which is where it is mended."""
    if path.is_file():
        return True
    said = "is no regular file" if path.exists() else "is not there"
    wrong(where, f"{name} {said}", "correct the path; it counts from this file's folder", "missing-file")
    return False


def _paths(items: Any, where: Where, wrong: Any) -> Iterator[tuple[Where, str]]:
    if not isinstance(items, list):
        wrong(where, "is no list of files", "write [FILE, ...]")
        return
    for i, item in enumerate(items):
        place = (*where, i) if where == ("include",) else where
        if isinstance(item, str) and item and "\0" not in item:
            yield place, item
        else:
            wrong(place, "is no path of a file", "give the path from this file's folder")

"""Cells of an instrument list: numbers, ranges, limits, tags and addresses as people write them.

Each reader returns what the cell says, or raises CellError with what is wrong and what would mend it. A reader never
fills in what is not written.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from plantsafe.plant.instrument_unit import UnitRead, nearest_unit, read_unit

Level = Literal["HH", "H", "L", "LL"]

_NOTHING = frozenset({"", "-", "--", "---", "/", "\\", "无", "N/A", "NA", "n/a", "none", "空", "*"})
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_TILDES = dict.fromkeys(map(ord, "～〜∼˜"), "~")
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(
    rf"^\(?({_NUMBER})\)?\s*([^\d~\s+\-.()]*)\s*(?:~|-|至|到|to|\.{{2,}}|…)\s*\(?({_NUMBER})\)?\s*(.*)$", re.I
)
_AROUND = re.compile(rf"^(?:±|\+/-)\s*({_NUMBER})\s*(.*)$")
_ONE = re.compile(rf"^({_NUMBER})\s*(.*)$")
_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}$")
_LEVELS: dict[str, Level] = {
    "HH": "HH",
    "高高": "HH",
    "H": "H",
    "高": "H",
    "LL": "LL",
    "低低": "LL",
    "L": "L",
    "低": "L",
}
_SEVERAL = re.compile(rf"(HH|LL|H|L|高高|低低|高|低)\s*(?:报警?|限)?\s*[:=>≥<≤]*\s*({_NUMBER})\s*([^\d,;/、\s]*)", re.I)


class CellError(Exception):
    """A cell that cannot be taken as it stands."""

    def __init__(self, wrong: str, mend: str) -> None:
        super().__init__(wrong)
        self.wrong, self.mend = wrong, mend


@dataclass(frozen=True, slots=True)
class Quantity:
    """One or two numbers and the unit that stood beside them in the cell, if one did."""

    numbers: tuple[float, ...]
    unit: UnitRead | None


def tidy(value: object) -> str:
    """The cell as text of half-width characters without stray blanks; empty for what people write for nothing."""
    if value is None or isinstance(value, bool):
        text = "" if value is None else str(value)
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        text = str(int(value))
    elif isinstance(value, datetime | date | time):
        raise CellError(f"is a date, {value}: the spreadsheet turned a text such as 1-6 into it",
                        "format the cell as text and write it again")  # fmt: skip
    else:
        text = unicodedata.normalize("NFKC", str(value).translate(_DASHES).translate(_TILDES))
        text = re.sub(r"\s+", " ", text.translate(_DASHES).replace("\u200b", "").replace("\ufeff", "")).strip()
    if text.startswith("#") and text.rstrip("!?").isupper():
        raise CellError(f"is the spreadsheet's error {text}", "mend the formula, or write the value")
    return "" if text in _NOTHING else text


def tag(value: object) -> str:
    """The name of a point: blanks inside are dropped, everything else must be as a name is."""
    text = tidy(value).replace(" ", "")
    if text and not _NAME.match(text):
        strange = "".join(dict.fromkeys(re.sub(r"[A-Za-z0-9_.\-]", "", text))) or text[0]
        if re.search(r"[A-Za-z0-9][/、,;&][A-Za-z0-9]", text):
            raise CellError(f"{text!r} names more than one point", "give each point a row of its own")
        raise CellError(f"{text!r} has {strange!r}, which no name has", "use letters, digits, dot, dash, underscore")
    return text


def is_tag(value: object) -> bool:
    """Whether a cell is a tag as tags are: a valid name with a digit in it."""
    try:
        return bool(re.search(r"\d", tag(value)))
    except CellError:
        return False


def number(value: object) -> Quantity | None:
    """One number, perhaps with its unit behind it; None for an empty cell."""
    text = tidy(value)
    if not text:
        return None
    if isinstance(value, bool):
        raise CellError(f"{value} is no number", "write a number")
    if _THOUSANDS.match(text):
        text = text.replace(",", "")
    found = _ONE.match(text)
    if found is None or found[2][:1] in (",", ".", "-", "~"):
        raise CellError(f"{text!r} is no number", "write one number, with a point for decimals")
    return Quantity((float(found[1]),), _unit(found[2]))


def is_number_text(value: str) -> bool:
    """Whether a text is nothing but one number."""
    try:
        text = tidy(value)
    except CellError:
        return False
    return bool(re.fullmatch(_NUMBER, text) or _THOUSANDS.match(text))


def words(value: object) -> str:
    """A description as it is written, blanks tidied; empty for what people write for nothing."""
    return " ".join(str(value).split()) if tidy(value) else ""


def measuring_range(value: object) -> Quantity | None:
    """A range in one cell such as `0~150` or `-0.1-1.6MPa`; None for an empty cell."""
    text = tidy(value)
    if not text:
        return None
    if around := _AROUND.match(text):
        return Quantity((-float(around[1]), float(around[1])), _unit(around[2]))
    found = _RANGE.match(text)
    if found is None:
        raise CellError(f"{text!r} is no range", "write the lower and the upper end as 0~150")
    first, last = _unit(found[2]), _unit(found[4])
    if first and last and first.eu != last.eu:
        raise CellError(f"{text!r} has two units", "write both ends in one unit")
    return Quantity((float(found[1]), float(found[3])), last or first)


def several_limits(value: object) -> dict[Level, Quantity]:
    """Limits in one cell, such as `HH:90 H:85`."""
    text = tidy(value)
    if not text:
        return {}
    limits: dict[Level, Quantity] = {}
    for found in _SEVERAL.finditer(text):
        level = _LEVELS[found[1].upper()]
        if level in limits:
            raise CellError(f"{text!r} has {level} twice", "write each limit once")
        limits[level] = Quantity((float(found[2]),), _unit(found[3]))
    if not limits or re.search(r"\d", _SEVERAL.sub("", text)):
        raise CellError(f"{text!r} is no set of limits", "write HH:90 H:85 L:20 LL:10, those that are there")
    return limits


def _unit(text: str) -> UnitRead | None:
    text = text.strip(" ()")
    if not text:
        return None
    unit = read_unit(text)
    if unit is None:
        raise CellError(f"{text!r} is not understood", nearest_unit(text))
    return unit


@dataclass(frozen=True, slots=True)
class Node:
    """An OPC UA node as the list has it: identifier, and the server's namespace index where one was written."""

    identifier: str
    index: int | None


def node(value: object) -> Node | None:
    """`ns=2;s=X`, `s=X` or the bare item name; blanks inside are part of the name."""
    text = str(value).strip() if value is not None else ""
    if not tidy(value):
        return None
    if found := re.match(r"^ns=(\d+);([isgb]=.+)$", text, re.I):
        return Node(found[2], int(found[1]))
    if re.match(r"^[isgb]=.+$", text):
        return Node(text, None)
    if re.match(r"^(ns|nsu|svr)=", text, re.I):
        raise CellError(f"{text!r} is no node", "write ns=2;s=NAME, or the name alone")
    return Node(f"s={text}", None)


@dataclass(frozen=True, slots=True)
class Register:
    """A Modbus place: table, zero-based address, bit."""

    table: Literal["coil", "discrete", "input", "holding"]
    address: int
    bit: int | None


_TABLES: dict[str, Literal["coil", "discrete", "input", "holding"]] = {
    "0": "coil", "1": "discrete", "3": "input", "4": "holding"
}  # fmt: skip  # Modicon reference numbers, first digit


def register(value: object) -> Register | None:
    """A Modicon reference such as 40001, 400001, 4x0001 or 40001.3, counted from 1."""
    text = tidy(value).replace(" ", "")
    if not text:
        return None
    found = re.match(r"^([0134])[xX](\d{1,5})(?:\.(\d{1,2}))?$", text) or re.match(
        r"^([0134])(\d{4,5})(?:\.(\d{1,2}))?$", text
    )
    if found is None:
        raise CellError(
            f"{text!r} does not say its table", "write 40001, 4x0001 (holding), 30001 (input), 10001, 00001"
        )
    table, address = _TABLES[found[1]], int(found[2])
    bit = int(found[3]) if found[3] is not None else None
    if not 1 <= address <= 65536:
        raise CellError(f"{text!r}: references count from 1 to 65536", "correct the address")
    if bit is not None and (bit > 15 or table in ("coil", "discrete")):
        raise CellError(f"{text!r} has a bit that is not there", "bits are 0 to 15, of a register")
    return Register(table, address - 1, bit)

"""From a row of an instrument list to a point and its limits, or to every reason why not."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

from pydantic import ValidationError

from plantsafe.plant import instrument_cell as cell
from plantsafe.plant.instrument_address import address_of_row
from plantsafe.plant.instrument_row import ImportSettings, Row
from plantsafe.plant.instrument_unit import K_AT_0_C, nearest_unit, read_unit
from plantsafe.plant.model import Point

Limits = dict[cell.Level, float]

LEVELS: tuple[cell.Level, ...] = ("LL", "L", "H", "HH")
COLDEST_HIGH_END_K = 173.15  # a temperature range in K that ends below -100 °C is taken for a slip; site default
_DIFFERENCE = ("温差", "difference", "delta")
_ANALOG = ("ai", "ao", "4-20", "4~20", "1-5v", "1~5v", "0-10v", "rtd", "pt100", "tc", "hart", "analog", "模拟", "热电")
_STATE = ("di", "do", "开关", "数字", "digital", "干接点", "bool")


def point_of_row(row: Row, settings: ImportSettings) -> tuple[Point | None, Limits]:
    """The row's point with the limits inside its range; None where the row has faults, which `row` then holds."""
    name = row.read("name", cell.tag)
    row.name = name or str(row.raw("name") or "").strip()
    if name == "":
        row.say("left out", "name", "has no tag", "write the tag, or delete the row")
    elif name is not None and name != str(row.raw("name")):
        row.say("respelled", "name", f"read as {name}")
    column = row.header.columns["name"]
    if (row.number, column) in row.sheet.struck:
        row.say("left out", "name", "is struck through", "delete the row, or remove the line through the tag")
    title = _title(row)
    kind = _kind(row)
    low, high, eu = _range(row, kind)
    limits = _limits(row, eu, kind)
    if kind == "analog" and eu == "K" and low is not None and high is not None:
        low, high, eu, limits = _celsius(row, title, low, high, limits)
    unit = _unit(row, settings)
    place = address_of_row(row, settings, kind)
    resolution = row.read("resolution", cell.number)
    if row.faults or low is None or high is None or eu is None or place is None or name is None:
        return None, {}
    try:
        point = Point.model_validate(
            {"name": name, "title": title, "unit": unit, "source": settings.source, "kind": kind, "eu": eu,
             "range": (low, high), "resolution": resolution.numbers[0] if resolution else 0.0, **place}
        )  # fmt: skip
    except ValidationError as invalid:
        for detail in invalid.errors():
            row.say("left out", "name", f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}", "correct the row")
        return None, {}
    return point, _inside(row, limits, low, high)


def _title(row: Row) -> dict[str, str]:
    """The description in both languages; one language stands for both where the other is not written."""
    texts = {key: row.read(f"title.{key}", cell.words) or "" for key in ("zh", "en")}
    text = row.read("title", cell.words) or ""
    if text:
        halves = [half.strip() for half in text.replace("|", "/").split("/", 1)]
        if len(halves) == 2 and all(halves) and _is_chinese(halves[0]) != _is_chinese(halves[1]):
            for half in halves:
                texts["zh" if _is_chinese(half) else "en"] = texts["zh" if _is_chinese(half) else "en"] or half
        else:
            key = "zh" if _is_chinese(text) else "en"
            texts[key] = texts[key] or text
    if not texts["zh"] and not texts["en"]:
        row.say("changed", "title", "no description: the tag stands for it", "write a description")
        return {"en": row.name, "zh": row.name}
    for key, other, word in (("en", "zh", "English"), ("zh", "en", "Chinese")):
        if not texts[key]:
            row.say("respelled", "title", f"no {word} description: the other language stands for both")
            texts[key] = texts[other]
    return texts


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def _kind(row: Row) -> Literal["analog", "state", None]:
    signal = (row.read("signal", cell.tidy) or "").casefold()
    if not signal:
        data_type = (row.read("type", cell.tidy) or "").casefold()
        return "state" if data_type in ("bool", "bit", "布尔") else "analog"
    for kind, words in (("state", _STATE), ("analog", _ANALOG)):
        if any(signal == word or (len(word) > 2 and word in signal) for word in words):
            return kind  # type: ignore[return-value]  # the literals above
    first = signal.replace("-", " ").replace("(", " ").split()[0]
    if first in (*_STATE, *_ANALOG):
        return "state" if first in _STATE else "analog"
    row.say("left out", "signal", f"{signal!r} is no signal that is understood", "write AI, AO, DI or DO")
    return None


def _range(row: Row, kind: str | None) -> tuple[float | None, float | None, str | None]:
    """Range and unit of measure, from one cell or two, each said once or twice alike."""
    ends = row.read("range", cell.measuring_range)
    low, high = row.read("low", cell.number), row.read("high", cell.number)
    _tell_text(row, ("low", "high"))
    if kind == "state":
        return 0.0, 1.0, ""
    bad = any(fault.field in ("range", "low", "high") for fault in row.faults)
    pair = None
    if low and high:
        pair = (low.numbers[0], high.numbers[0])
        if ends and ends.numbers != pair:
            wrong = f"range {ends.numbers[0]:g} to {ends.numbers[1]:g} and ends {pair[0]:g}, {pair[1]:g} differ"
            row.say("left out", "range", wrong, "write the range once")
    elif ends:
        pair = (ends.numbers[0], ends.numbers[1])
        if low or high:
            said = "low" if low else "high"
            row.say("left out", said, "a range and one end of a range", "write the range once")
        row.say("respelled", "range", "split into its two ends")
    elif not bad:
        missing = "high" if low else "low" if high or "range" not in row.header.columns else "range"
        row.say("left out", missing, "has no range", "write the lower and the upper end of the range")
    if pair and pair[0] >= pair[1]:
        where = "range" if ends else "low"
        row.say("left out", where, f"range {pair[0]:g} to {pair[1]:g} is empty", "write the lower end first")
    eu = _eu(row, [(name, found) for name, found in (("range", ends), ("low", low), ("high", high)) if found])
    return (*pair, eu) if pair else (None, None, eu)


def _eu(row: Row, beside: list[tuple[str, cell.Quantity]]) -> str | None:
    written = row.read("eu", lambda raw: cell.tidy(raw) and str(raw))
    eu: str | None = None
    if written:
        read = read_unit(written)
        if read is None:
            row.say("left out", "eu", f"{written.strip()!r} is not understood", nearest_unit(written))
            return None
        eu = read.eu
        if not read.literal:
            row.say("changed", "eu", f"taken for {eu}", "write the unit that is meant")
        elif read.respelled:
            row.say("respelled", "eu", f"read as {eu}" if eu else "read as no unit")
    for name, found in beside:
        if found.unit and eu is not None and found.unit.eu != eu:
            row.say("left out", name, f"is in {found.unit.eu}, the unit column says {eu}", "write both in one unit")
        elif found.unit and eu is None:
            eu = found.unit.eu
            row.say("changed", name, f"unit {eu} taken from here: the unit column is empty", "write it there")
    if eu is None and not any(fault.field in ("eu", "range", "low", "high") for fault in row.faults):
        row.say("left out", "eu", "has no unit of measure", "write it; 无量纲 for a number without one")
    return eu


def _limits(row: Row, eu: str | None, kind: str | None) -> Limits:
    found: dict[cell.Level, tuple[str, cell.Quantity]] = {}
    for level, quantity in (row.read("limits", cell.several_limits, limit=True) or {}).items():
        found[level] = ("limits", quantity)
    for level in LEVELS:
        quantity_ = row.read(level, cell.number, limit=True)
        if quantity_ is not None:
            found[level] = (level, quantity_)
    _tell_text(row, LEVELS)
    limits: Limits = {}
    for level, (name, quantity) in found.items():
        if kind == "state":
            row.say("limit left out", name, "a limit on a state", "make it an alarm of the state by hand")
        elif quantity.unit and eu is not None and quantity.unit.eu != eu:
            wrong = f"{level} is in {quantity.unit.eu}, the range in {eu}"
            row.say("limit left out", name, wrong, f"write it in {eu}")
        else:
            limits[level] = quantity.numbers[0]
    return limits


def _tell_text(row: Row, names: tuple[str, ...]) -> None:
    for name in names:
        raw = row.raw(name)
        if isinstance(raw, str) and row.sheet.from_excel and cell.is_number_text(raw):
            row.say("respelled", name, "text read as a number")


def _celsius(
    row: Row, title: Mapping[str, str], low: float, high: float, limits: Limits
) -> tuple[float, float, str, Limits]:
    """K to °C for range and limits together; a difference of temperatures stays in K."""
    words = f"{title['en']} {title['zh']}".casefold()
    if row.name.upper().startswith("TD") or any(word in words for word in _DIFFERENCE):
        row.say("note", "eu", "kept in K: a difference of temperatures, by its tag or description")
        return low, high, "K", limits
    if high < COLDEST_HIGH_END_K:
        wrong = f"a range of {low:g} to {high:g} K ends at {high - K_AT_0_C:g} °C"
        row.say("left out", "eu", wrong, "write °C if the numbers are degrees Celsius")
        return low, high, "K", limits
    cold = {level: _from_k(value) for level, value in limits.items()}
    parts = [f"range {_from_k(low):g} to {_from_k(high):g}", *(f"{level} {value:g}" for level, value in cold.items())]
    row.say("changed", "eu", f"converted from K to °C: {', '.join(parts)}", "compare with the loop sheet")
    return _from_k(low), _from_k(high), "°C", cold


def _from_k(t_k: float) -> float:
    return round(t_k - K_AT_0_C, 6)


def _inside(row: Row, limits: Limits, low: float, high: float) -> Limits:
    """The limits that are inside the range and in order; what is not is left out, the point stays."""

    def refuse(level: cell.Level, wrong: str, mend: str) -> None:
        row.say("limit left out", level if level in row.header.columns else "limits", wrong, mend)

    good = {}
    for level, value in limits.items():
        if low <= value <= high:
            good[level] = value
        else:
            wrong = f"{level} {value:g} is outside the range {low:g} to {high:g}"
            refuse(level, wrong, "correct the limit or the range")
    crossed = {
        level
        for lower, upper in pairwise([level for level in LEVELS if level in good])
        if good[lower] >= good[upper]
        for level in (lower, upper)
    }
    order = ", ".join(f"{level} {good[level]:g}" for level in LEVELS if level in good)
    for level in crossed:
        refuse(level, f"limits out of order: {order}", "write LL < L < H < HH")
    return {level: value for level, value in good.items() if level not in crossed}


def _unit(row: Row, settings: ImportSettings) -> str | None:
    text = row.read("unit", cell.tidy)
    if not text:
        if settings.unit is None and not row.faults:
            row.say("left out", "unit", "belongs to no unit", "name the unit in the list, or give --unit")
        return settings.unit
    if text in settings.units:
        return settings.units[text]
    if _is_chinese(text) or " " in text:
        row.say("left out", "unit", f"{text!r} is no name of a unit", f"give --unit-name '{text}=NAME'")
        return None
    return text

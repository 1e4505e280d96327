"""Units of measure as instrument lists write them, read into one spelling each; what is not here is never assumed."""

import re
import unicodedata
from dataclasses import dataclass

_DEGREES = str.maketrans({"º": "°", "˚": "°", "゜": "°", "∘": "°", "²": "2", "³": "3"})

# the spelling that a plant file takes, then what lists write for it (after `_folded`)
_SPELLINGS = {
    "°C": ("°C", "degC", "oC", "摄氏度", "deg.C", "Celsius"),
    "K": ("K", "开尔文", "Kelvin"),
    "°F": ("°F", "degF"),
    "Pa": ("Pa", "帕"),
    "kPa": ("kPa", "千帕"),
    "kPa(g)": ("kPa(g)", "kPa(G)", "kPaG", "kPag"),
    "kPa(a)": ("kPa(a)", "kPa(A)", "kPaA", "kPa(abs)"),
    "MPa": ("MPa", "兆帕"),
    "MPa(g)": ("MPa(g)", "MPa(G)", "MPaG", "MPag"),
    "MPa(a)": ("MPa(a)", "MPa(A)", "MPaA", "MPa(abs)"),
    "bar": ("bar",),
    "bar(g)": ("bar(g)", "bar(G)", "barg", "barG"),
    "bar(a)": ("bar(a)", "bar(A)", "bara", "barA"),
    "mbar": ("mbar",),
    "mmH2O": ("mmH2O", "mmWC", "mmWG", "毫米水柱"),
    "kgf/cm²": ("kgf/cm2", "kg/cm2", "公斤力/平方厘米"),
    "m³/h": ("m3/h", "m3/hr", "立方米/小时", "立方米/时", "方/小时"),
    "Nm³/h": ("Nm3/h", "Nm3/hr", "标m3/h", "标准立方米/小时", "标方/小时"),
    "L/h": ("L/h", "l/h", "升/小时"),
    "L/min": ("L/min", "l/min", "升/分"),
    "mL/min": ("mL/min", "ml/min"),
    "kg/h": ("kg/h", "kg/hr", "公斤/小时", "千克/小时"),
    "t/h": ("t/h", "t/hr", "吨/小时", "吨/时"),
    "g/min": ("g/min",),
    "rpm": ("rpm", "r/min", "rev/min", "转/分", "转/分钟", "r.p.m"),
    "Hz": ("Hz", "赫兹"),
    "%": ("%", "百分比", "%VOL", "VOL%"),
    "%LEL": ("%LEL", "LEL%"),
    "ppm": ("ppm",),
    "mg/m³": ("mg/m3", "毫克/立方米"),
    "mg/L": ("mg/L", "mg/l"),
    "g/L": ("g/L", "g/l"),
    "kg/m³": ("kg/m3",),
    "pH": ("pH",),
    "mm": ("mm", "毫米"),
    "cm": ("cm", "厘米"),
    "m": ("m", "米"),
    "mm/s": ("mm/s",),
    "m/s": ("m/s", "米/秒"),
    "μm": ("μm", "um"),
    "kg": ("kg", "公斤", "千克"),
    "t": ("t", "吨"),
    "m³": ("m3", "立方米"),
    "L": ("L", "升"),
    "A": ("A", "安", "安培"),
    "mA": ("mA", "毫安"),
    "V": ("V", "伏", "伏特"),
    "kV": ("kV",),
    "kW": ("kW", "千瓦"),
    "kWh": ("kWh",),
    "μS/cm": ("μS/cm", "uS/cm"),
    "mPa·s": ("mPa.s", "mPa·s", "cP"),
    "s": ("s", "秒"),
    "min": ("min", "分钟"),
    "h": ("h", "hr", "小时"),
    "": ("无量纲", "dimensionless", "人"),
}

# spellings that could be two units, told apart by case alone; never read in another case
_ONLY_AS_WRITTEN = frozenset({"k", "t", "m", "s", "a", "v", "l", "h", "pa", "mpa", "mpa(g)", "mpa(a)", "mpag", "mpaa",
                              "mpa(abs)", "mpa.s", "mpa·s", "g/l"})  # fmt: skip
_NOT_LITERAL = frozenset({"kg/cm2", "%VOL", "VOL%"})  # says another unit than is meant
SPELLED = tuple(_SPELLINGS)
_EXACT = {alias: unit for unit, aliases in _SPELLINGS.items() for alias in aliases}
_IN_ANY_CASE = {alias.casefold(): unit for alias, unit in _EXACT.items() if alias.casefold() not in _ONLY_AS_WRITTEN}
_UPPER_PRESSURE = {"MPA": "MPa", "Mpa": "MPa", "KPA": "kPa", "Kpa": "kPa", "KPa": "kPa", "kpa": "kPa", "PA": "Pa"}
K_AT_0_C = 273.15  # BIPM SI brochure, 2.3.1


@dataclass(frozen=True, slots=True)
class UnitRead:
    """A unit of measure in the plant file's spelling.

    respelled: the list wrote it in another way. literal: what it wrote says the same unit.
    """

    eu: str
    respelled: bool
    literal: bool


def read_unit(text: str) -> UnitRead | None:
    """The unit that the text names, or None where that is not certain."""
    folded = _folded(text)
    if not folded:
        return None
    eu = _EXACT.get(folded)
    if eu is None:
        eu = _UPPER_PRESSURE.get(folded)
    if eu is None:
        eu = _IN_ANY_CASE.get(folded.casefold())
    return None if eu is None else UnitRead(eu=eu, respelled=eu != text, literal=folded not in _NOT_LITERAL)


def nearest_unit(text: str) -> str:
    """What to write instead of a text that names no unit for certain."""
    folded = _folded(text).casefold()
    near = sorted({unit for alias, unit in _EXACT.items() if alias.casefold() == folded})
    if near or folded in _ONLY_AS_WRITTEN:
        choices = ", ".join(near) or "MPa"
        return f"letters big or small tell units apart here: write {choices} if that is meant"
    return "write a unit as in kPa, m³/h, °C, or 无量纲 for a number without one"


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_DEGREES)).translate(_DEGREES)
    return re.sub(r"\s+", "", text.replace("^", "").replace("µ", "μ").replace("（", "(").replace("）", ")"))

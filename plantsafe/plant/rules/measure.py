"""Units of measure: each is one, and what is compared or summed converts. Needs pint, so only `check` asks for it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pint

from plantsafe.plant.described import nearest
from plantsafe.plant.model.entry import Found
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.rules.view import EachRule, View, judged

# as engineers write them -> as pint reads them; what pint does not know is defined in `_registry`
_SPELLING = {
    "°C": "degC", "℃": "degC", "°F": "degF", "%LEL": "lel", "% LEL": "lel", "%vol": "percent", "% vol": "percent",
    "wt%": "percent", "m/m%": "percent", "pH": "ph_value", "kPa(g)": "kPa", "kPaG": "kPa", "kPa(a)": "kPa",
    "MPa(g)": "MPa", "MPaG": "MPa", "MPa(a)": "MPa", "bar(g)": "bar", "barg": "bar", "bar(a)": "bar",
    "Nm³/h": "m**3/hour", "Nm3/h": "m**3/hour", "r/min": "rpm", "1/min": "rpm", "ppmv": "ppm", "mmH₂O": "mmH2O",
    "": "dimensionless", "‰": "permille", "FTU": "NTU",
}  # fmt: skip
_COMMON = (
    "°C", "K", "%", "ppm", "mg/m³", "%LEL", "pH", "kPa", "MPa", "Pa", "bar", "kg", "t", "g", "kg/h", "t/h", "kg/s",
    "m³/h", "L/h", "L/min", "m³", "L", "m", "mm", "rpm", "Hz", "A", "mA", "V", "kV", "kW", "W", "MW", "s", "min", "h",
    "m/s", "mm/s", "µm", "mol/L", "kg/m³", "mS/cm", "°C/min", "K/min", "kPa/min", "kWh",
)  # fmt: skip
_TEMPERATURE, _FLOW = ("[temperature]",), ("[mass] / [time]", "[length] ** 3 / [time]", "[substance] / [time]")
_PARAMETER = {  # what a monitored parameter may be measured in
    "reactor_temperature": _TEMPERATURE,
    "distillation_temperature": _TEMPERATURE,
    "nitrating_agent_flow": _FLOW,
    "cooling_water_flow": _FLOW,
    "ph": ("[acidity]",),
}
_WORDS = {_TEMPERATURE: "a temperature, in °C", _FLOW: "a flow, in kg/h or m³/h", ("[acidity]",): "a pH"}


def broken_measures(view: View) -> Iterator[Found]:
    """All that is wrong with units of measure; paths are from the top of the description."""
    each: tuple[tuple[str, tuple[EachRule, ...]], ...] = (
        ("points", (_is_known, _same_converts)),
        ("functions", (_channels_convert,)),
        ("units", (_parameters_fit,)),
        ("inventories", (_is_a_mass,)),
        ("gas_detectors", (_is_a_concentration,)),
    )
    for section, rules in each:
        yield from judged(view, (section,), rules)
    yield from judged(view, ("registers", "samples"), (_is_known,))


@cache
def _registry() -> pint.UnitRegistry[Any]:
    registry: pint.UnitRegistry[Any] = pint.UnitRegistry()
    for line in (
        "lel = [explosive_limit]", "ph_value = [acidity]", "NTU = [turbidity]", "permille = 0.001", "kVA = 1000 watt"
    ):  # fmt: skip
        registry.define(line)
    return registry


@cache
def dimension(eu: str) -> str | None:
    """What a unit of measure measures, in pint's words; None where it is no unit of measure."""
    spelled = _SPELLING.get(eu.strip())
    if spelled is None:
        spelled = eu.strip()
        for old, new in (("°C", "degC"), ("℃", "degC"), ("³", "**3"), ("²", "**2"), ("·", "*"), ("μ", "µ")):
            spelled = spelled.replace(old, new)
    try:
        return str(_registry().Unit(spelled).dimensionality)
    except Exception:  # noqa: BLE001  # pint raises tokenizer, assertion and attribute errors on text that is no unit
        return None


def _is_known(_: View, entry: Any) -> Iterator[Found]:
    """The unit of measure is one."""
    if dimension(entry.eu) is None:
        yield Found(("eu",), f"{entry.eu!r} is no unit of measure", nearest(entry.eu, _COMMON), "unit-of-measure")


def _same_converts(view: View, point: Any) -> Iterator[Found]:
    """A point and the one that measures the same are in units that convert."""
    if point.same_as is not None:
        other = view.point(point.same_as)
        if not _convert(point.eu, other.eu):
            wrong = f"{point.eu!r} does not convert to {other.eu!r} of {other.name}"
            yield Found(("same_as",), wrong, "name a point that measures the same", "unit-of-measure")


def _channels_convert(view: View, function: Any) -> Iterator[Found]:
    """All channels measure in units that convert, so that one setpoint is for all."""
    first = view.point(function.inputs[0].point)
    for i, channel in enumerate(function.inputs):
        try:
            other = view.point(channel.point)
            if not _convert(first.eu, other.eu):
                wrong = f"{other.eu!r} of {other.name} does not convert to {first.eu!r} of {first.name}"
                mend = "name channels that measure the same"
                yield Found(("inputs", i, "point"), wrong, mend, "unit-of-measure")
            elif first.eu != other.eu:
                wrong = f"{other.name} is in {other.eu!r}, {first.name} in {first.eu!r}: one setpoint cannot be both"
                yield Found(("inputs", i, "point"), wrong, f"let the source give {first.eu}", "unit-of-measure")
        except NotKnownError:
            continue


def _parameters_fit(view: View, unit: Any) -> Iterator[Found]:
    """A monitored parameter is measured in what measures it."""
    for key, names in unit.parameters.items():
        want = _PARAMETER.get(key)
        for i, name in enumerate(names if want else ()):
            try:
                eu = view.point(name).eu
            except NotKnownError:
                continue
            if want and (has := dimension(eu)) is not None and has not in want:
                wrong = f"{name} in {eu!r} cannot measure {key}"
                mend = f"name a point that measures {_WORDS[want]}"
                yield Found(("parameters", key, i), wrong, mend, "unit-of-measure")


def _is_a_mass(view: View, inventory: Any) -> Iterator[Found]:
    """What weighs an inventory is in a unit of mass."""
    for i, name in enumerate(inventory.points):
        try:
            eu = view.point(name).eu
        except NotKnownError:
            continue
        if dimension(eu) not in ("[mass]", None):
            wrong = f"{name} in {eu!r} does not convert to tonnes"
            yield Found(("points", i), wrong, "name points that weigh, in kg or t", "unit-of-measure")


def _is_a_concentration(view: View, detector: Any) -> Iterator[Found]:
    """A gas is measured as a concentration or a share of its explosive limit."""
    eu = view.point(detector.point).eu
    if dimension(eu) not in ("[explosive_limit]", "[mass] / [length] ** 3", "dimensionless", None) or eu == "":
        wrong = f"{detector.point} in {eu!r} measures no gas"
        yield Found(("point",), wrong, "name a point in %LEL, mg/m³, ppm or %", "unit-of-measure")


def _convert(one: str, other: str) -> bool:
    a, b = dimension(one), dimension(other)
    return a is None or b is None or a == b

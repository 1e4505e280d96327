"""Units, workshops and gas detectors against what the rules ask of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.hazard.hazard_class import UNDETERMINED, stoessel_class
from plantsafe.plant.described import nearest
from plantsafe.plant.model import ProcessType
from plantsafe.plant.model.entry import Found
from plantsafe.plant.packs import own_findings, requirement_keys
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.rules.alarms import trips
from plantsafe.plant.rules.view import View

PARTITION_MAX, WORKSHOP_MAX = 3, 9  # persons; local practice (Shaoxing, May 2023), as in the compliance rules
NITRATION = (  # Notice 2009-116, monitored parameters of nitration
    "reactor_temperature",
    "agitation",
    "nitrating_agent_flow",
    "cooling_water_flow",
    "ph",
    "product_impurity",
    "distillation_temperature",
    "still_impurity",
)
OF_SEPARATION = ("distillation_temperature", "still_impurity")  # a separation unit of the workshop may have them
GAS_LEVELS = {  # GB/T 50493-2019, 5.5.2 and its table as reprinted: most for level 1 and level 2
    "%LEL": {"": (25.0, 50.0)},
    "mg/m³": {
        "H2S": (10.0, 20.0), "CO": (20.0, 40.0), "NO2": (5.0, 10.0), "NO": (10.0, 20.0), "Cl2": (1.0, 2.0),
        "SO2": (5.0, 10.0), "NH3": (20.0, 40.0), "benzene": (6.0, 12.0), "toluene": (50.0, 100.0),
        "xylene": (50.0, 100.0), "methanol": (25.0, 50.0), "HCl": (7.5, 15.0), "HF": (2.0, 4.0), "HCN": (1.0, 2.0),
        "phosgene": (0.5, 1.0), "formaldehyde": (2.0, 4.0), "O3": (0.3, 0.6), "Br2": (0.3, 0.6),
    },
}  # fmt: skip


def class_follows_temperatures(_: View, unit: Any) -> Iterator[Found]:
    """The assessed class is the one that the order of its four temperatures gives (GB/T 42300)."""
    hazard = unit.hazard
    if hazard is None:
        return
    temperatures = (hazard.tp_c, hazard.mtsr_c, hazard.mtt_c, hazard.td24_c)
    if any(np.isnan(one) for one in temperatures):
        return
    follows = int(stoessel_class(*temperatures))
    if follows == UNDETERMINED:
        wrong = f"Tp {hazard.tp_c:g} °C is not the lowest of the four temperatures: the class is undetermined"
        yield Found(("hazard", "tp_c"), wrong, "correct the temperatures from the report", "hazard")
    elif hazard.assessed_class < follows or hazard.assessed_class > follows:
        wrong = f"class {hazard.assessed_class}, but the order of the temperatures gives {follows}"
        yield Found(("hazard", "assessed_class"), wrong, "correct it from the assessment report", "hazard")


def nitration_is_monitored(view: View, unit: Any) -> Iterator[Found]:
    """A nitration has its eight parameters: measured, sampled, or not applicable with evidence."""
    if not unit.nitrates:
        return
    given = {key for key, points in unit.parameters.items() if points} | {*unit.sampled, *unit.not_applicable}
    for other in view.section("units"):
        try:
            if other.workshop == unit.workshop and other.process is ProcessType.SEPARATION:
                given |= {key for key in (*other.parameters, *other.sampled) if key in OF_SEPARATION}
        except NotKnownError:
            continue
    for key in NITRATION:
        if key not in given:
            wrong = f"a nitration without its monitored parameter {key}"
            mend = f"name the points of {key} in parameters, or give it in sampled or not_applicable"
            yield Found(("parameters",), wrong, mend, "nitration")


def parameters_are_known(_: View, unit: Any) -> Iterator[Found]:
    """A parameter of a nitration or a separation is called as the rule calls it."""
    for holder in ("parameters", "sampled", "not_applicable"):
        try:
            keys = list(getattr(unit, holder))
        except NotKnownError:
            continue
        for key in keys:
            if key not in NITRATION and not (holder == "not_applicable" and key in requirement_keys()):
                yield Found((holder, key), f"there is no parameter {key!r}", nearest(str(key), NITRATION), "reference")


def requirements_are_known(view: View, unit: Any) -> Iterator[Found]:
    """A requirement is called as its pack calls it, and what meets it is in the file."""
    kinds = ("alarm", "row", "effect", "point", "register entry")
    own = own_findings(unit)
    for key, names in unit.requirements.items():
        if key not in requirement_keys():
            wrong, mend = f"there is no requirement {key!r}", nearest(str(key), requirement_keys())
            yield Found(("requirements", key), wrong, mend, "reference")
        for i, name in enumerate(names):
            if name not in own and not any(name in view.known[kind] for kind in kinds):
                known = [*own, *(one for kind in kinds for one in view.known[kind])]
                yield Found(("requirements", key, i), f"there is no {name!r}", nearest(str(name), known), "reference")


def partition_is_of_the_workshop(view: View, unit: Any) -> Iterator[Found]:
    """The unit stands in a partition of its own workshop."""
    shop = next((one for one in view.section("workshops") if one.name == unit.workshop), None)
    if unit.partition is None or shop is None or unit.partition not in view.known["partition"]:
        return
    names = [part.name for part in shop.partitions]
    if unit.partition not in names:
        wrong = f"partition {unit.partition} is not in workshop {unit.workshop}"
        yield Found(("partition",), wrong, f"write one of {', '.join(names)}" if names else "remove it", "reference")


def phases_are_states(view: View, unit: Any) -> Iterator[Found]:
    """Each phase is a state of the phase point."""
    if unit.phase_point is None:
        return
    states = view.point(unit.phase_point).states
    for i, phase in enumerate(unit.phases):
        try:
            if isinstance(phase.code, int) and phase.code not in states:
                wrong = f"{unit.phase_point} has no state {phase.code}"
                codes = ", ".join(map(str, states))
                mend = f"write one of {codes}" if codes else f"describe the states of {unit.phase_point}"
                yield Found(("phases", i, "code"), wrong, mend, "phase")
        except NotKnownError:
            continue


def balance_has_its_points(view: View, unit: Any) -> Iterator[Found]:
    """The heat balance follows phases of the unit, and reads points in its units of measure."""
    balance = unit.heat_balance
    if balance is None:
        return
    names = [phase.name for phase in unit.phases]
    told = [(("starts",), balance.starts), *((("lasts", i), name) for i, name in enumerate(balance.lasts))]
    for where, name in told:
        if name not in names:
            mend = f"write one of {', '.join(names)}" if names else "describe the phases of the unit"
            yield Found(("heat_balance", *where), f"there is no phase {name!r}", mend, "heat-balance")
    for key, eu in (("temperature", "°C"), ("jacket_inlet", "°C"), ("dosing", "kg/h"), ("dosed", "kg")):
        try:
            if getattr(balance, key) is None:
                continue
            point = view.point(getattr(balance, key))
            if point.eu != eu:
                wrong = f"{point.name} is in {point.eu or 'no unit of measure'}, not in {eu}"
                yield Found(("heat_balance", key), wrong, f"name a point in {eu}", "heat-balance")
        except NotKnownError:
            continue
    if unit.hazard is None:
        wrong = "a heat balance without the assessed hazard has nothing to compare with"
        yield Found(("heat_balance",), wrong, "give hazard, from the assessment report", "heat-balance")


def followed_has_phases(view: View, unit: Any) -> Iterator[Found]:
    """A unit without phases of its own follows one that has them."""
    if unit.follows is None:
        return
    if unit.phases:
        yield Found(("follows",), "a unit with phases follows its own", "remove it", "phase")
        return
    batches = [other.name for other in view.section("units") if other.phases]
    if unit.follows in view.known["unit"] and unit.follows not in batches:
        mend = f"write one of {', '.join(batches)}" if batches else "remove it: no unit has phases"
        yield Found(("follows",), f"{unit.follows} has no phases to follow", mend, "phase")


def windows_are_in_range(view: View, unit: Any) -> Iterator[Found]:
    """The limits of a window can be seen by its point."""
    for i, phase in enumerate(unit.phases):
        for j, window in enumerate(phase.windows):
            try:
                low, high = view.point(window.point).range
            except NotKnownError:
                continue
            for key in ("low", "normal_low", "normal_high", "high"):
                value = getattr(window, key, None)
                if value is not None and (value < low or value > high):
                    wrong = f"{key} {value:g} is outside the range {low:g} to {high:g} of {window.point}"
                    yield Found(("phases", i, "windows", j, key), wrong, "correct the window or the range", "window")


def windows_come_before_the_trip(view: View, unit: Any) -> Iterator[Found]:
    """A window that reaches to a trip of what it measures says that the trip is safe operation; one window a point."""
    for i, phase in enumerate(unit.phases):
        told: set[str] = set()
        for j, window in enumerate(phase.windows):
            where = ("phases", i, "windows", j)
            try:
                if window.point in told:
                    wrong = f"phase {phase.name} has another window of {window.point}"
                    yield Found((*where, "point"), wrong, "keep one of them", "window")
                told.add(window.point)
                of_point = trips(view).get(window.point, ())
                lowest, highest = view.point(window.point).range
            except NotKnownError:
                continue
            for side, setpoint, name in of_point:
                key = "high" if side == "H" else "low"
                value = getattr(window, key, None)
                if value is None or not lowest <= value <= highest:
                    continue
                if value >= setpoint if side == "H" else value <= setpoint:
                    wrong = f"{key} {value:g} of phase {phase.name} is not before the trip of {name} at {setpoint:g}"
                    yield Found((*where, key), wrong, f"write a limit before {setpoint:g}", "window")


def workshop_count_is_allowed(_: View, shop: Any) -> Iterator[Found]:
    """At most nine persons in a workshop with explosion hazard."""
    if shop.explosion_hazard and shop.head_count_max > WORKSHOP_MAX:
        wrong = f"{shop.head_count_max} persons; the rule allows {WORKSHOP_MAX} in an explosion-hazard workshop"
        yield Found(("head_count_max",), wrong, f"write at most {WORKSHOP_MAX}", "head-count")


def partition_counts_are_allowed(_: View, shop: Any) -> Iterator[Found]:
    """At most three persons in an explosion-proof partition."""
    for i, part in enumerate(shop.partitions):
        try:
            if part.head_count_max > PARTITION_MAX:
                wrong = f"{part.head_count_max} persons; the rule allows {PARTITION_MAX} in a partition"
                yield Found(("partitions", i, "head_count_max"), wrong, f"write at most {PARTITION_MAX}", "head-count")
        except NotKnownError:
            continue


def gas_levels_are_in_range(view: View, detector: Any) -> Iterator[Found]:
    """The detector can show its set points."""
    low, high = view.point(detector.point).range
    for key in ("level_1", "level_2"):
        value = getattr(detector, key)
        if value < low or value > high:
            wrong = f"{value:g} is outside the range {low:g} to {high:g} of {detector.point}"
            yield Found((key,), wrong, "correct the set point or the range", "limit-range")


def gas_levels_are_allowed(view: View, detector: Any) -> Iterator[Found]:
    """Set points at or below those of GB/T 50493."""
    table = GAS_LEVELS.get(view.point(detector.point).eu, {})
    most = table.get(detector.substance) or table.get("")
    for key, limit in zip(("level_1", "level_2"), most or (), strict=False):
        if getattr(detector, key) > limit:
            wrong = f"{getattr(detector, key):g} is over the {limit:g} that GB/T 50493-2019, 5.5.2, allows"
            yield Found((key,), wrong, f"write at most {limit:g}", "gas")

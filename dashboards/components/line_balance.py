"""The balances of a continuous unit or a conveyor now: flows, pressure drop, profile, hold-up."""

import math
from html import escape

import numpy as np

from dashboards.components.figures import Figure, figure_table
from dashboards.language import Tongue, n_
from dashboards.numbers import NONE, duration, number
from dashboards.picture import Picture
from models.hazard.line_balance import hot_spot
from plantsafe.checks.axial import normal_profile
from plantsafe.checks.line_balance import (
    DP,
    DP_SLOW,
    FED,
    FED_RATIO,
    HELD_IN,
    HELD_OUT,
    LEFT,
    MEAN_S,
    SLOW_S,
    balanced_lines,
)
from plantsafe.checks.line_findings import BALANCE, BLOCKED, DIFFERS, DROP, HEAT, HOLD_UP, MISSING, PROFILE, RATIO
from plantsafe.plant.model import Unit
from plantsafe.plant.model.line import Line, Profile

IDLE = n_("The unit does not run: ratio, balance, pressure drop and profile are not judged.")
NOT_KNOWN = n_("not known: an input is missing, or the unit has just started")
MOST_AHEAD_H = 24.0  # a hold-up that fills more slowly does not fill (site default)


def section(picture: Picture, unit: Unit, tongue: Tongue, *, stale: bool) -> str:
    """HTML of the section; empty for a unit without a line, or a record without its arrays."""
    values = picture.live.get("line_balance.values")
    names = [one.name for one in balanced_lines(picture.plant)[0]]
    if unit.line is None or unit.name not in names or values is None:
        return ""
    head = f"<h2>{tongue('Balances')}</h2>"
    if stale:
        return head + f"<p class='ps ps-quiet'>{tongue('no current values')}</p>"
    now = _Now(picture, unit.line, names.index(unit.name), tongue)
    idle = f"<p class='ps ps-quiet'>{tongue(IDLE)}</p>" if now.idle and unit.line.outlet is not None else ""
    return head + idle + figure_table(now.figures()) + now.along_the_way()


class _Now:
    """What the check says of one unit, in words of the page."""

    def __init__(self, picture: Picture, line: Line, column: int, tongue: Tongue) -> None:
        def live(key: str) -> np.ndarray:
            return np.asarray(picture.live[f"line_balance.{key}"])[..., column]

        self._picture, self._line, self.tongue = picture, line, tongue
        self._value, self._limit, self._mean = live("values"), live("limits"), live("mean")
        self._held_kg, self.idle = float(live("held_kg")), bool(live("idle"))

    def figures(self) -> list[Figure]:
        """A row for each part that is described."""
        line, tongue = self._line, self.tongue
        rows: list[Figure] = []
        if line.ratio is not None:
            off = f"{line.ratio.normal:g} ± {100.0 * line.ratio.tolerance:g} %"
            rows.append(self._row(RATIO, tongue("Feed ratio"), number(float(self._mean[FED_RATIO]), 3), off))
        if line.outlet is not None:
            ways = f"{self._kg_h(self._mean[FED])} · {self._kg_h(self._mean[LEFT])}"
            rows += [
                Figure(tongue("In · out"), NONE if self._unknown(BALANCE) else ways),
                self._row(BALANCE, tongue("In less out"), _signed(self._value[BALANCE], "kg/h"),
                          f"± {number(float(self._limit[BALANCE]), 1)} kg/h"),
                self._row(MISSING, tongue("Missing beyond what the meters can be wrong by"),
                          _with(self._value[MISSING], 1, "kg"), f"≤ {self._limit[MISSING]:g} kg"),
            ]  # fmt: skip
        if line.pressure_drop is not None:
            clean = f"≤ {100.0 * line.pressure_drop.fouled:g} % · {self._trend()}"
            share = _with(100.0 * self._value[DROP], 0, "%")
            rows.append(self._row(DROP, tongue("Pressure drop against the clean one"), share, clean))
        if line.profile is not None:
            rows += self._profile(line.profile)
        if line.hold_up is not None:
            said = f"≤ {line.hold_up.limit_kg:g} kg{self._full()}"
            held = NONE if self._unknown(HOLD_UP) else _with(self._held_kg, 1, "kg")
            rows += [
                self._row(HOLD_UP, tongue("Nitrated product held up"), held, said),
                self._row(DIFFERS, tongue("Vessel less what the flows leave in it"),
                          _signed(self._value[DIFFERS], "kg"), f"± {number(float(self._limit[DIFFERS]), 1)} kg"),
            ]  # fmt: skip
        if line.conveyor is not None:
            row = self._picture.plant.points.row
            leaves = float(self._picture.frame.value[row[line.conveyor.discharge]])
            said = f"{tongue('discharge')} {self._kg_h(leaves)}, {tongue('normal')} {line.conveyor.normal_kg_h:g} kg/h"
            drive = _with(100.0 * self._value[BLOCKED], 0, "%")
            rows += [
                self._row(BLOCKED, tongue("Drive current, share of the normal one"), drive, said),
                self._row(HEAT, tongue("Temperature in the conveyor"), _with(self._value[HEAT], 1, "°C"),
                          f"≤ {self._limit[HEAT]:g} °C"),
            ]  # fmt: skip
        return rows

    def along_the_way(self) -> str:
        """Temperatures from the inlet to the outlet, now and normal."""
        profile, tongue = self._line.profile, self.tongue
        if profile is None:
            return ""
        measured, normal = self._temperatures(profile)
        heads = [tongue("Along the way"), *(f"{100.0 * point.at:g} %" for point in profile.points)]
        told = [tongue("Now, °C"), *(number(float(t), 1) for t in measured)]
        usual = [tongue("Normal at this feed, °C"), *(NONE if self.idle else number(float(t), 1) for t in normal)]
        return (
            f"<table class='ps ps-figures'><tr>{_cells(heads, 'th')}</tr><tr>{_cells(told, 'td')}</tr>"
            f"<tr class=ps-quiet>{_cells(usual, 'td')}</tr></table>"
        )

    def _profile(self, profile: Profile) -> list[Figure]:
        at = np.array([[point.at for point in profile.points]])
        measured, _ = self._temperatures(profile)
        place, t_c = hot_spot(at, measured[None, :])
        spot = NONE if math.isnan(place[0]) else f"{t_c[0]:.1f} °C · {100.0 * place[0]:.0f} %"
        return [
            Figure(self.tongue("Hot spot · place along the way"), spot),
            self._row(PROFILE, self.tongue("Furthest off the normal profile"),
                      _signed(self._value[PROFILE], "K"), f"± {profile.tolerance_k:g} K"),
        ]  # fmt: skip

    def _temperatures(self, profile: Profile) -> tuple[np.ndarray, np.ndarray]:
        row, value = self._picture.plant.points.row, self._picture.frame.value
        measured = np.array([value[row[point.point]] for point in profile.points])
        reference = float(value[row[profile.reference]]) if profile.reference else 0.0
        return measured, normal_profile(profile, float(self._mean[FED]), reference)

    def _row(self, kind: int, what: str, value: str, against: str) -> Figure:
        limit = self._limit[kind]
        beyond = bool(abs(self._value[kind]) > limit)
        if kind == BLOCKED and self._line.conveyor is not None:
            row = self._picture.plant.points.row[self._line.conveyor.discharge]
            beyond = beyond and bool(self._picture.frame.value[row] < 0.5 * self._line.conveyor.normal_kg_h)
        if self._unknown(kind):
            return Figure(what, NONE, against if self.idle and kind < HOLD_UP else self.tongue(NOT_KNOWN))
        return Figure(what, value, against, beyond)

    def _unknown(self, kind: int) -> bool:
        return math.isnan(self._value[kind])

    def _trend(self) -> str:
        """How fast the pressure drop moves against the clean one: two means differ by the slope times their lag."""
        per_h = 100.0 * (self._mean[DP] - self._mean[DP_SLOW]) / (SLOW_S - MEAN_S) * 3600.0
        return NONE if math.isnan(per_h) else f"{per_h:+.0f} %/h".replace("-", "−")

    def _full(self) -> str:
        """When the limit is reached at the present rate."""
        rate = float(self._mean[HELD_IN] - self._mean[HELD_OUT])
        room = float(self._limit[HOLD_UP]) - self._held_kg
        if not (rate > 0.0 and 0.0 < room < rate * MOST_AHEAD_H):
            return ""
        return f" · {self.tongue('reached in')} {duration(room / rate * 3600.0)}"

    def _kg_h(self, value: float) -> str:
        return _with(float(value), 1 if self._line.normal_kg_h < 1000.0 else 0, "kg/h")


def _cells(texts: list[str], tag: str) -> str:
    return "".join(f"<{tag}{' class=ps-num' if i else ''}>{escape(text)}</{tag}>" for i, text in enumerate(texts))


def _with(value: float, digits: int, eu: str) -> str:
    return NONE if math.isnan(value) else f"{number(float(value), digits)} {eu}"


def _signed(value: float, eu: str) -> str:
    if math.isnan(value):
        return NONE
    return f"{value:+.1f}".replace("-", "−") + f" {eu}"

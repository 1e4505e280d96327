"""A semi-batch tank's heat balance now, and what would happen if its cooling failed at this moment."""

import math
from html import escape

from dashboards.components.figures import Figure, figure_table
from dashboards.language import Tongue, n_
from dashboards.numbers import NONE, duration
from dashboards.picture import Picture
from models.hazard.cooling_failure import SHOWN_S, Course, course
from models.process.semibatch import SemiBatchState
from plantsafe.checks.heat_balance import ZERO_C_K, balanced_units, parameters_of
from plantsafe.plant.model import Unit
from plantsafe.plant.model.heat_balance import HeatBalance

NOT_KNOWN = n_("The amounts in the tank are not known: no batch runs, or its beginning was not seen.")
STATED = n_(
    "Computed from measured temperature and dosing with the kinetics of {report}; bands are two standard deviations of "
    "kinetics and unreacted feed. Decomposition is in it; boiling, relief and emergency cooling are not."
)
FEED = {False: n_("Feed stopped now"), True: n_("Feed goes on")}


def section(picture: Picture, unit: Unit, tongue: Tongue, *, stale: bool) -> str:
    """HTML of the section; empty for a unit without a heat balance, or a record without its arrays."""
    names = balanced_units(picture.plant)
    known = picture.live.get("heat_balance.known")
    if unit.name not in names or unit.heat_balance is None or unit.hazard is None or known is None:
        return ""
    row = names.index(unit.name)
    head = f"<h2>{tongue('Heat balance')}</h2>"
    if stale or not bool(known[row]):
        return f"{head}<p class='ps ps-quiet'>{tongue(NOT_KNOWN)}</p>"

    def live(key: str) -> float:
        return float(picture.live[f"heat_balance.{key}"][row])

    hazard = unit.hazard
    worse = live("hazard_class") > hazard.assessed_class
    lines = (
        (tongue("Heat that is not explained"), _kw(live("residual_w")), f"± {live('limit_w') / 1e3:.0f} kW",
         _over(abs(live("residual_w")), live("limit_w"))),
        (tongue("Heat of reaction"), _kw(live("reaction_w")), "", False),
        (tongue("Unreacted, share of the charge"), _share(live("accumulation")), "", False),
        (tongue("MTSR if cooling failed now, feed stopped"), _celsius(live("mtsr_c")),
         f"{tongue('assessed')} {hazard.mtsr_c:g} °C", _over(live("mtsr_c"), hazard.mtsr_c)),
        (tongue("To MTT and to TD24 from there"),
         f"{_kelvin(hazard.mtt_c - live('mtsr_c'))} · {_kelvin(hazard.td24_c - live('mtsr_c'))}",
         f"MTT {hazard.mtt_c:g} °C · TD24 {hazard.td24_c:g} °C", False),
        (tongue("Hazard class now"), f"{live('hazard_class'):.0f}",
         f"{tongue('assessed')} {hazard.assessed_class}", worse),
        (tongue("Heat transfer of the jacket, share of the specified"), _share(live("ua_share")), "≥ 75 %",
         live("ua_share") < 0.75),
    )  # fmt: skip
    state = SemiBatchState(
        a_kmol=live("a_kmol"), b_kmol=live("b_kmol"), p_kmol=max(0.0, unit.heat_balance.charge_kmol - live("a_kmol")),
        volume_m3=live("volume_m3"), t_k=live("temperature_k"), t_jacket_k=live("temperature_k"),
    )  # fmt: skip
    failed = (
        "" if math.isnan(state.t_k) else _failure(unit.heat_balance, state, hazard.mtt_c, live("dosing_m3_s"), tongue)
    )
    stated = tongue(STATED).format(report=unit.heat_balance.reaction.basis)
    return f"{head}{figure_table(Figure(*line) for line in lines)}{failed}<p class='ps ps-quiet'>{escape(stated)}</p>"


def _failure(told: HeatBalance, state: SemiBatchState, mtt_c: float, dosing_m3_s: float, tongue: Tongue) -> str:
    """Feed stopped and feed going on: temperatures to come and the time to MTT."""
    heads = [tongue("If cooling failed now"), *(f"{at_s / 60.0:.0f} min" for at_s in SHOWN_S), f"MTT {mtt_c:g} °C"]
    head = "".join(f"<th{' class=ps-num' if i else ''}>{escape(text)}</th>" for i, text in enumerate(heads))
    rows = ""
    for feeding, words in FEED.items():
        flow = dosing_m3_s if feeding and dosing_m3_s > 0.0 else 0.0
        if feeding and flow == 0.0:
            continue
        found = _course(told, state, mtt_c + ZERO_C_K, flow)
        cells = "".join(f"<td class=ps-num>{_band(three)}</td>" for three in found.t_k)
        rows += f"<tr><td>{tongue(words)}</td>{cells}<td class=ps-num>{_when(found, tongue)}</td></tr>"
    return f"<table class='ps'><tr>{head}</tr>{rows}</table>"


def _course(told: HeatBalance, state: SemiBatchState, mtt_k: float, flow_m3_s: float) -> Course:
    parameters = parameters_of(told)
    left_m3 = max(0.0, parameters.volume_start_m3 + parameters.dose_m3 - state.volume_m3)
    return course(
        parameters, state, mtt_k=mtt_k, dosing_m3_s=flow_m3_s, dose_left_m3=left_m3,
        uncertainty=told.reaction.kinetics_uncertainty,
    )  # fmt: skip


def _band(three: tuple[float, float, float]) -> str:
    low, best, high = (value - ZERO_C_K for value in three)
    return f"{best:.0f} °C <span class=ps-quiet>({low:.0f}–{high:.0f})</span>"


def _when(found: Course, tongue: Tongue) -> str:
    soonest, best, _ = found.mtt_s
    if soonest is None:
        return tongue("not within 24 h")
    said = tongue("not within 24 h") if best is None else duration(best)
    return f"{escape(said)} <span class=ps-quiet>({tongue('soonest')} {escape(duration(soonest))})</span>"


def _over(value: float, limit: float) -> bool:
    return value > limit


def _kw(value_w: float) -> str:
    return NONE if math.isnan(value_w) else f"{value_w / 1e3:+.0f} kW"


def _share(value: float) -> str:
    return NONE if math.isnan(value) else f"{100.0 * value:.1f} %"


def _celsius(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.1f} °C"


def _kelvin(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:+.0f} K"

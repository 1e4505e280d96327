"""Heat balance of each semi-batch tank: heat that cannot be explained, what has gathered, and what that could come to.

From the start of a batch the amounts are integrated from measured temperature and dosing (models.hazard.online_balance)
and the contents' warming is held against what the model explains (models.hazard.heat_balance). Four findings a tank:

heat_balance: the residual is beyond its limit while the tank is dosed or reacts. Above: heat stays that should have
    left (coolant, wall, agitator) or more reacts than was metered. Below, while it is dosed: less heat than the dose
    should make, so it gathers unreacted, or the meter lies.
mtsr: with what has gathered, the contents would pass the assessed MTSR if cooling failed now.
hazard_class: the live order of temperatures gives a higher class (GB/T 42300) than the assessed one; never a lower.
heat_transfer: UA of the jacket, estimated over the batch, has fallen below FOULED of what the file says.

A batch whose beginning was not seen, or that lacked an input for over BLIND_S, is `unknown` until the next one begins;
where the file names the point of the mass dosed so far, it is taken up from that while it is dosed. A value that is
missing for a moment leaves its sample out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace

import numpy as np

from models.hazard.accumulation import accumulation, adiabatic_rise_k
from models.hazard.hazard_class import stoessel_class
from models.hazard.heat_balance import BalanceWindow, Residual, Tanks, restarted, start_window, step_window
from models.hazard.online_balance import BalanceParameters, BalanceState, start_balance, step_balance, take_up
from models.hazard.slope import SlopeState
from models.process.semibatch import SemiBatchParameters
from plantsafe.delay import Delay
from plantsafe.frame import F8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.model.heat_balance import HeatBalance
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict

ZERO_C_K = 273.15
BLIND_S = 60.0  # of a missing input: what was dosed meanwhile may be a sixtieth of the dose of an hour (site default)
FOULED = 0.75  # of UA: beyond every uncertainty that a plant is described with (site default)
UA_WEIGHT = 1.0 / 600.0  # a scan: a mean over ten minutes (site default)
UA_LEAST_K = 5.0  # between contents and jacket, below it UA cannot be told (site default)
MTSR_MARGIN_K = 3.0  # beyond the assessed MTSR: the amounts are estimates (site default)
DOSED_SHARE = 0.1  # of the recipe's flow: below it the tank is not dosed (site default)
ON_DELAY_S, OFF_DELAY_S = 30.0, 120.0  # site defaults
KINDS = ("heat_balance", "mtsr", "hazard_class", "heat_transfer")


class HeatBalanceCheck:
    """Findings `<unit>.<kind>` in the order of KINDS, the tanks of a kind together."""

    name = "heat_balance"

    def __init__(self, plant: Plant) -> None:
        units = [unit for unit in plant.file.units if unit.heat_balance is not None and unit.hazard is not None]
        told = [unit.heat_balance for unit in units if unit.heat_balance is not None]
        self._names = tuple(unit.name for unit in units)
        row = plant.points.row
        read = [
            (one.temperature, one.jacket_inlet, one.dosing, str(unit.phase_point), one.dosed or one.dosing)
            for one, unit in zip(told, units, strict=True)
        ]
        self._read = np.array([[row[name] for name in names] for names in read], dtype=np.intp).reshape(-1, 5).T
        self._tells_dosed: Bool = np.array([bool(one.dosed) for one in told], dtype=np.bool_)
        codes = [{phase.name: float(phase.code) for phase in unit.phases} for unit in units]
        most = max((len(one.lasts) for one in told), default=1)
        self._start = np.array([code[one.starts] for one, code in zip(told, codes, strict=True)])
        self._lasts = np.full((len(units), most), np.nan)
        for i, (one, code) in enumerate(zip(told, codes, strict=True)):
            self._lasts[i, : len(one.lasts)] = [code[name] for name in one.lasts]
        self._kg_h_to_m3_s = _column(told, lambda one: 1.0 / 3600.0 / one.density_kg_m3)
        self._tanks, self._parameters = _tanks(told), _parameters(told)
        self._charge = _column(told, lambda one: one.charge_kmol), _column(told, lambda one: one.charge_m3)
        self._dose_m3 = _column(told, lambda one: one.dose_kg / one.density_kg_m3)
        self._density = _column(told, lambda one: one.density_kg_m3)
        self._least_flow_m3_s = DOSED_SHARE * (self._dose_m3 / _column(told, lambda one: one.dosing_h * 3600.0))
        hazards = [unit.hazard for unit in units if unit.hazard is not None]
        self._tp, self._mtsr, self._mtt, self._td24 = (
            np.array([getattr(one, key) for one in hazards], dtype=np.float64)
            for key in ("tp_c", "mtsr_c", "mtt_c", "td24_c")
        )
        self._class = np.array([one.assessed_class for one in hazards], dtype=np.int8)
        self._period_s = plant.file.scan_period_s
        n = len(units)
        self._known: Bool = np.zeros(n, dtype=np.bool_)
        self._in_phase: Bool = np.zeros(n, dtype=np.bool_)
        self._looked: Bool = np.zeros(n, dtype=np.bool_)  # a start is seen only where the scan before was not in it
        self._followed = b""  # the phases of the scan before
        self._balance = start_balance(*self._charge)
        self._window = start_window(n, self._period_s)
        self._ua = np.full(n, np.nan)
        shape = len(KINDS) * n
        self._delay = Delay(
            np.full(shape, plant.scans(ON_DELAY_S), dtype=np.int32),
            np.full(shape, plant.scans(OFF_DELAY_S), dtype=np.int32),
        )
        self.conditions = tuple(_condition(plant, i, kind) for kind in KINDS for i in self._names)
        fixed = (self._mtsr, self._mtsr + MTSR_MARGIN_K, self._class.astype(np.float64), np.full(n, FOULED))
        self._limit = np.stack(fixed)  # of each kind; that of the residual is another in every scan
        self._live: Arrays = {}

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Take in one scan; a lost scan is a scan without values."""
        if not self._names:
            return
        for _ in range(min(verdict.gap, int(BLIND_S / self._period_s) + 1)):
            self._integrate(np.full(len(self._names), np.nan), np.full(len(self._names), np.nan))
        read = frame.seen[self._read]
        (t_k, inlet_k), flow_m3_s = read[:2] + ZERO_C_K, read[2] * self._kg_h_to_m3_s
        dosed = flow_m3_s > self._least_flow_m3_s
        self._follow(read[3])
        self._take_up(t_k, flow_m3_s, dosed, read[4])
        rate = self._integrate(t_k, flow_m3_s)
        balance, tanks = self._balance, self._tanks
        self._known = known = self._known & (balance.blind_s <= BLIND_S)
        self._window, found = step_window(
            self._window, tanks, t_k=t_k, t_inlet_k=inlet_k, dosing_m3_s=np.where(flow_m3_s > 0.0, flow_m3_s, 0.0),
            volume_m3=balance.volume_m3, rate_kmol_s=np.where(known, rate, np.nan), dt_s=self._period_s,
        )  # fmt: skip
        stored_k = adiabatic_rise_k(
            np.maximum(np.minimum(balance.a_kmol, balance.b_kmol), 0.0), tanks.enthalpy_j_kmol,
            tanks.rho_cp_j_m3k, balance.volume_m3,
        )  # fmt: skip
        mtsr_c = np.where(known, t_k - ZERO_C_K + stored_k, np.nan)
        live_class = stoessel_class(self._tp, mtsr_c, self._mtt, self._td24, require_order=False)
        self._estimate_ua(found, dosed)
        ua_share, limit = self._ua, self._limit
        beyond = np.concatenate([
            (np.abs(found.residual_w) > found.limit_w) & ((found.residual_w > 0.0) | dosed),
            mtsr_c > limit[1],
            live_class > self._class,
            ua_share < FOULED,
        ])  # fmt: skip
        blind = ~known | np.isnan(t_k)
        unknown = np.concatenate([found.unknown | blind, blind, blind, np.zeros_like(blind)])
        self._delay.step(beyond, unknown, number=frame.number, gap=verdict.gap)
        limit[0] = np.where(found.residual_w < 0.0, -found.limit_w, found.limit_w) / 1e3
        verdict.active[block], verdict.since[block] = self._delay.active, self._delay.since
        verdict.unknown[block] = unknown
        verdict.value[block] = np.concatenate([found.residual_w / 1e3, mtsr_c, live_class, ua_share])
        verdict.limit[block] = limit.ravel()
        self._live = {
            "known": self._known,
            "temperature_k": t_k,
            "a_kmol": balance.a_kmol,
            "b_kmol": balance.b_kmol,
            "volume_m3": balance.volume_m3,
            "accumulation": np.where(
                self._known, accumulation(balance.a_kmol, balance.b_kmol, self._charge[0]), np.nan
            ),
            "mtsr_c": mtsr_c,
            "stored_k": np.where(self._known, stored_k, np.nan),
            "hazard_class": live_class,
            "residual_w": found.residual_w,
            "limit_w": found.limit_w,
            "reaction_w": np.where(self._known, -tanks.enthalpy_j_kmol * rate, np.nan),
            "ua_share": ua_share,
            "dosing_m3_s": flow_m3_s,
        }

    def _follow(self, code: F8) -> None:
        """Begin a batch where the phase that starts one has just begun; forget it where its phases are over."""
        shown = code.tobytes()
        if shown == self._followed:
            return
        self._followed, seen = shown, np.isfinite(code)
        inside = (code[:, None] == self._lasts).any(axis=1)
        begins = seen & (code == self._start) & ~self._in_phase & self._looked
        self._begin(begins, start_balance(*self._charge))
        self._known &= ~(seen & ~inside)
        self._in_phase, self._looked = np.where(seen, inside, self._in_phase), self._looked | seen

    def _take_up(self, t_k: F8, flow_m3_s: F8, dosed: Bool, dosed_kg: F8) -> None:
        """A batch whose beginning was not seen goes on from what was dosed, while it is dosed."""
        unseen = dosed & self._in_phase & ~self._known & self._tells_dosed
        if not unseen.any():
            return
        dosed_m3 = dosed_kg / self._density
        unseen = unseen & np.isfinite(t_k) & np.isfinite(dosed_m3)
        if unseen.any():
            a_kmol, volume_m3 = self._charge
            amounts = take_up(
                self._parameters, a_start_kmol=a_kmol, volume_start_m3=volume_m3,
                dosed_m3=np.nan_to_num(dosed_m3), t_k=np.where(unseen, t_k, ZERO_C_K),
                dosing_m3_s=np.nan_to_num(flow_m3_s),
            )  # fmt: skip
            self._begin(unseen, amounts)

    def _begin(self, units: Bool, amounts: BalanceState) -> None:
        """Take `amounts` for the tanks in `units` (n_units,), and forget what was seen of them."""
        if not units.any():
            return
        self._balance = BalanceState(
            **{
                f.name: np.where(units, getattr(amounts, f.name), getattr(self._balance, f.name))
                for f in fields(amounts)
            }
        )
        self._window = restarted(self._window, units)
        self._ua = np.where(units, np.nan, self._ua)
        self._known = self._known | units

    def _integrate(self, t_k: F8, flow_m3_s: F8) -> F8:
        """Amounts one scan on; the rate of reaction, 0 where it is not known."""
        self._balance, rate, _ = step_balance(self._balance, self._parameters, t_k, flow_m3_s, self._period_s)
        return rate

    def _estimate_ua(self, found: Residual, dosed: Bool) -> None:
        """UA as a share of the file's: heat that stays although the jacket should take it is missing transfer."""
        told = dosed & np.isfinite(found.residual_w) & (-found.jacket_w > UA_LEAST_K * found.ua_w_k)
        if not told.any():
            return
        share = 1.0 + found.residual_w / np.where(told, found.jacket_w, 1.0)
        before = np.where(np.isnan(self._ua), 1.0, self._ua)
        self._ua = np.where(told, before + UA_WEIGHT * (share - before), self._ua)

    def state(self) -> Arrays:
        """Amounts, windows, estimates and timers."""
        window = self._window
        own: Arrays = {
            "known": self._known,
            "in_phase": self._in_phase,
            "looked": self._looked,
            "ua": self._ua,
            "t_jacket_k": window.t_jacket_k,
            "unsettled": window.unsettled,
            "at": np.array([window.slope.at]),
            "ring": window.slope.ring.T,
            "expected_w": window.expected_w.T,
            "doubt_w": window.doubt_w.T,
        }
        own |= {f"balance.{f.name}": getattr(self._balance, f.name) for f in fields(self._balance)}
        return own | {f"delay.{name}": array for name, array in self._delay.state().items()}

    def rows(self) -> Rows:
        """By the unit's name, timers by the finding's."""
        findings = tuple(condition.name for condition in self.conditions)
        names = {"at": ("window",)}
        return {k: findings if k.startswith("delay.") else names.get(k, self._names) for k in self.state()}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._known, self._in_phase = arrays["known"].astype(np.bool_), arrays["in_phase"].astype(np.bool_)
        self._looked, self._ua = arrays["looked"].astype(np.bool_), arrays["ua"]
        self._followed = b""
        self._window = BalanceWindow(
            t_jacket_k=arrays["t_jacket_k"],
            unsettled=arrays["unsettled"],
            slope=SlopeState(ring=arrays["ring"].T.copy(), at=int(arrays["at"][0])),
            expected_w=arrays["expected_w"].T.copy(),
            doubt_w=arrays["doubt_w"].T.copy(),
        )
        self._balance = replace(self._balance, **{f.name: arrays[f"balance.{f.name}"] for f in fields(self._balance)})
        self._delay.load({k.removeprefix("delay."): a for k, a in arrays.items() if k.startswith("delay.")})

    def live(self) -> Arrays:
        """By tank: amounts, MTSR (°C), class, residual and its limit (W), UA as a share of the file's."""
        return self._live


def balanced_units(plant: Plant) -> tuple[str, ...]:
    """Names of the units with a heat balance, in the order of its arrays."""
    return tuple(unit.name for unit in plant.file.units if unit.heat_balance is not None and unit.hazard is not None)


def parameters_of(told: HeatBalance) -> SemiBatchParameters:
    """The tank as the process models take it."""
    reaction = told.reaction
    return SemiBatchParameters(
        volume_start_m3=told.charge_m3,
        a_start_kmol=told.charge_kmol,
        dose_m3=told.dose_kg / told.density_kg_m3,
        b_total_kmol=told.dose_kmol,
        dosing_time_s=told.dosing_h * 3600.0,
        dosing_temperature_k=told.dose_c + ZERO_C_K,
        density_kg_m3=told.density_kg_m3,
        rho_cp_j_m3k=told.density_kg_m3 * told.cp_j_kgk,
        ua_start_w_k=told.ua_w_k,
        reaction_enthalpy_j_kmol=reaction.enthalpy_kj_mol * 1e6,
        k0_m3_kmol_s=reaction.k0_m3_kmol_s,
        activation_j_mol=reaction.activation_kj_mol * 1e3,
        decomposition_enthalpy_j_kmol=reaction.decomposition_enthalpy_kj_mol * 1e6,
        kd_ref_1_s=reaction.decomposition_rate_per_s,
        kd_ref_temperature_k=reaction.decomposition_at_c + ZERO_C_K,
        decomposition_activation_j_mol=reaction.decomposition_activation_kj_mol * 1e3,
        vessel_m3=told.vessel_m3,
        vessel_heat_capacity_j_k=told.vessel_heat_kj_k * 1e3,
    )


def _tanks(told: Sequence[HeatBalance]) -> Tanks:
    models = [parameters_of(one) for one in told]

    def each(values: Iterable[float]) -> F8:
        return np.array(list(values), dtype=np.float64)

    return Tanks(
        rho_cp_j_m3k=each(one.rho_cp_j_m3k for one in models),
        heat_capacity_j_k=each(one.vessel_heat_capacity_j_k for one in models),
        volume_start_m3=each(one.volume_start_m3 for one in models),
        ua_start_w_k=each(one.ua_start_w_k for one in models),
        enthalpy_j_kmol=each(one.reaction_enthalpy_j_kmol for one in models),
        dosing_temperature_k=each(one.dosing_temperature_k for one in models),
        dosing_heat_w=each(-one.reaction_enthalpy_j_kmol * one.b_total_kmol / one.dosing_time_s for one in models),
        jacket_m3=each(one.jacket_m3 for one in told),
        jacket_flow_m3_s=each(one.jacket_flow_m3_h / 3600.0 for one in told),
        extra_w=each(one.agitator_kw * 1e3 for one in told),
        ua_uncertainty=each(one.ua_uncertainty for one in told),
        kinetics_uncertainty=each(one.reaction.kinetics_uncertainty for one in told),
        temperature_noise_k=each(one.temperature_noise_k for one in told),
    )


def _parameters(told: Sequence[HeatBalance]) -> BalanceParameters:
    models = [parameters_of(one) for one in told]
    return BalanceParameters(
        k0_m3_kmol_s=np.array([one.k0_m3_kmol_s for one in models]),
        activation_j_mol=np.array([one.activation_j_mol for one in models]),
        dose_concentration_kmol_m3=np.array([one.dose_concentration_kmol_m3 for one in models]),
    )


def _column(told: Sequence[HeatBalance], of: Callable[[HeatBalance], float]) -> F8:
    return np.array([of(one) for one in told], dtype=np.float64)


_TEXTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "heat_balance": (
        {
            "en": "The heat balance does not close. Above the limit: heat stays that should have left, or more reacts "
            "than was metered. Below it: what is dosed gathers unreacted.",
            "zh": "热量衡算不闭合。高于限值：热量未按应有移出，或反应多于计量加料；低于限值：已加物料未反应而积累。",
        },
        {
            "en": "Look at coolant flow and temperature, agitator and dosing meter. Slow or stop the feed until the "
            "cause is known.",
            "zh": "检查冷却水流量与温度、搅拌和滴加计量。原因查明前减慢或停止滴加。",
        },
    ),
    "mtsr": (
        {
            "en": "If cooling failed now, what has gathered would heat the contents past the assessed MTSR.",
            "zh": "若此刻冷却失效，已积累物料将使物料温度超过评估的MTSR。",
        },
        {
            "en": "Stop the feed and let it react at process temperature; do not go on until the figure is back.",
            "zh": "停止滴加，在工艺温度下使其反应；数值恢复前不得继续。",
        },
    ),
    "hazard_class": (
        {
            "en": "At this moment the reaction is in a higher hazard class than the assessed one: its protection was "
            "not designed for that.",
            "zh": "此刻反应的危险度等级高于评估等级：现有保护措施未按此设计。",
        },
        {"en": "Stop the feed. Report to the process engineer.", "zh": "停止滴加，报告工艺工程师。"},
    ),
    "heat_transfer": (
        {
            "en": "The jacket takes less heat than the balance was set up for: the margin to loss of control shrinks.",
            "zh": "夹套移热低于衡算设定值：距失控的余量减小。",
        },
        {
            "en": "Dose more slowly; have jacket, coolant flow and wall looked at after this batch.",
            "zh": "减慢滴加；本批结束后检查夹套、冷却水流量和釜壁结垢。",
        },
    ),
}


def _condition(plant: Plant, unit: str, kind: str) -> Condition:
    consequence, action = _TEXTS[kind]
    return Condition(
        name=f"{unit}.{kind}",
        subject=unit,
        kind=kind,
        klass=ConditionClass.FINDING,
        priority=3,
        on_delay_scans=plant.scans(ON_DELAY_S),
        off_delay_scans=plant.scans(OFF_DELAY_S),
        unit=unit,
        consequence=consequence,
        action=action,
    )

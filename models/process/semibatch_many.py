"""Many semi-batch tanks at once, one column a tank: the same equations and step as `semibatch_step`, on whole arrays.

For fleets, robustness runs over varied kinetics, and boundaries. A tank alone is stepped faster by SemiBatchTank, which
works on plain floats; both agree to the tolerance of the step. Tanks that are not calm (see semibatch_step) are handed
to its stiff solver one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.process.jacket import Jacket
from models.process.parameters import GAS_CONSTANT_J_MOL_K, require_positive
from models.process.semibatch import Loss, SemiBatchInputs, SemiBatchParameters, SemiBatchState
from models.process.semibatch_rates import HEEL_FRACTION
from models.process.semibatch_step import (
    LOST_BELOW_K,
    MAX_SUBSTEPS,
    STIFF_ABOVE_K,
    SUBSTEP_RATE,
    SUBSTEP_RISE_K,
    SemiBatchTank,
)

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LOSSES: tuple[Loss | None, ...] = (None, Loss.RUNAWAY, Loss.OVERFILLED, Loss.FROZEN)
_CODE = {loss: code for code, loss in enumerate(LOSSES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyTanksState:
    """values (6, n_tanks): nA, nB, nP [kmol], V [m3], T, Tj [K]; lost (n_tanks,): codes into LOSSES, 0 for none."""

    values: Array
    lost: NDArray[np.uint8]

    def tank(self, i: int) -> SemiBatchState:
        """One tank's state."""
        a, b, c, v, t, tj = self.values[:, i].tolist()
        loss = LOSSES[int(self.lost[i])]
        return SemiBatchState(a_kmol=a, b_kmol=b, p_kmol=c, volume_m3=v, t_k=t, t_jacket_k=tj, lost=loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyTanksInputs:
    """What acts on every tank during one step, each (n_tanks,); see SemiBatchInputs.

    t_jacket_k is NaN where the jacket is a state of its own.
    """

    dosing_m3_s: Array
    t_dosing_k: Array
    t_jacket_k: Array
    t_coolant_in_k: Array
    coolant_kg_s: Array
    emulsion: Array
    heat_transfer: Array
    extra_heat_w: Array

    def __post_init__(self) -> None:
        rest = (self.dosing_m3_s, self.t_dosing_k, self.t_coolant_in_k, self.coolant_kg_s, self.extra_heat_w)
        fine = np.isfinite(sum(rest)) & np.isfinite(self.emulsion + self.heat_transfer)
        fine &= (self.t_dosing_k > 0.0) & (self.t_coolant_in_k > 0.0) & ~(self.t_jacket_k <= 0.0)
        fine &= (self.emulsion >= 0.0) & (self.heat_transfer >= 0.0) & ~np.isinf(self.t_jacket_k)
        for i in np.flatnonzero(~fine)[:1].tolist():
            self.tank(i)

    @classmethod
    def of(cls, inputs: Sequence[SemiBatchInputs]) -> "ManyTanksInputs":
        """One tank's inputs each."""

        def column(name: str) -> Array:
            return np.array([getattr(one, name) for one in inputs], dtype=np.float64)  # None becomes NaN

        return cls(
            dosing_m3_s=column("dosing_m3_s"),
            t_dosing_k=column("t_dosing_k"),
            t_jacket_k=column("t_jacket_k"),
            t_coolant_in_k=column("t_coolant_in_k"),
            coolant_kg_s=column("coolant_kg_s"),
            emulsion=column("emulsion"),
            heat_transfer=column("heat_transfer"),
            extra_heat_w=column("extra_heat_w"),
        )

    def tank(self, i: int) -> SemiBatchInputs:
        """One tank's inputs; refuses by name what no plant can give."""
        wall = float(self.t_jacket_k[i])
        return SemiBatchInputs(
            dosing_m3_s=float(self.dosing_m3_s[i]),
            t_dosing_k=float(self.t_dosing_k[i]),
            t_jacket_k=None if np.isnan(wall) else wall,
            t_coolant_in_k=float(self.t_coolant_in_k[i]),
            coolant_kg_s=float(self.coolant_kg_s[i]),
            emulsion=float(self.emulsion[i]),
            heat_transfer=float(self.heat_transfer[i]),
            extra_heat_w=float(self.extra_heat_w[i]),
        )


class ManyTanks:
    """Constants of n tanks; the state goes in and comes out."""

    def __init__(self, parameters: Sequence[SemiBatchParameters], jacket: Jacket | None = None) -> None:
        self.parameters = tuple(parameters)
        self._jacket = jacket

        def column(name: str) -> Array:
            return np.array([getattr(one, name) for one in parameters], dtype=np.float64)

        self._k0, self._e_r = column("k0_m3_kmol_s"), column("activation_j_mol") / GAS_CONSTANT_J_MOL_K
        self._kd, self._ed_r = column("kd_ref_1_s"), column("decomposition_activation_j_mol") / GAS_CONSTANT_J_MOL_K
        self._inv_td = 1.0 / column("kd_ref_temperature_k")
        self._q_r, self._q_d = -column("reaction_enthalpy_j_kmol"), -column("decomposition_enthalpy_j_kmol")
        self._ua_per_m3 = column("ua_start_w_k") / column("volume_start_m3")
        self._rho_cp, self._ccap = column("rho_cp_j_m3k"), column("vessel_heat_capacity_j_k")
        self._cb = column("dose_concentration_kmol_m3")
        self._heel = HEEL_FRACTION * column("volume_start_m3")
        self._vessel, self._lost_above = column("vessel_m3"), column("lost_above_k")

    def charged(self, t_k: Array) -> ManyTanksState:
        """Every tank with its charge, before dosing, at `t_k` (n_tanks,)."""
        require_positive(t_k=float(np.min(t_k, initial=np.inf)) if len(t_k) else 1.0)
        a = np.array([one.a_start_kmol for one in self.parameters])
        volume = np.array([one.volume_start_m3 for one in self.parameters])
        zero = np.zeros_like(a)
        return ManyTanksState(values=np.stack((a, zero, zero, volume, t_k, t_k)), lost=np.zeros(len(a), dtype=np.uint8))

    def step(self, state: ManyTanksState, inputs: ManyTanksInputs, dt_s: float = 1.0) -> ManyTanksState:
        """State after `dt_s`; a lost tank stays as it was."""
        require_positive(dt_s=dt_s)
        y = state.values
        held = ~np.isnan(inputs.t_jacket_k)
        if held.any():
            y = y.copy()
            y[5] = np.where(held & (state.lost == 0), inputs.t_jacket_k, y[5])
        rate = _Rate(self, inputs, held)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # only in tanks that are not calm
            slope = rate(y)
            need = self._substeps(y, slope, inputs, held, dt_s)
            calm = (need <= MAX_SUBSTEPS) & (state.lost == 0)
            substeps = max(1, int(np.max(need, where=calm, initial=1.0)))
            after = y
            h = dt_s / substeps
            for i in range(substeps):
                after = _rk4(rate, after, slope if i == 0 else rate(after), h)
            calm &= (after[:3].min(axis=0) >= -1e-9) & (after[4] < STIFF_ABOVE_K + SUBSTEP_RISE_K * MAX_SUBSTEPS)
        np.maximum(after[:3], 0.0, out=after[:3])
        lost = np.where(after[3] > self._vessel, np.uint8(_CODE[Loss.OVERFILLED]), np.uint8(0))
        lost[after[4] < LOST_BELOW_K] = _CODE[Loss.FROZEN]
        lost[after[4] > self._lost_above] = _CODE[Loss.RUNAWAY]
        for i in np.flatnonzero(~calm).tolist():
            one = state.tank(i)
            if one.lost is None:
                one = SemiBatchTank(self.parameters[i], self._jacket).step(one, inputs.tank(i), dt_s)
            after[:, i] = (one.a_kmol, one.b_kmol, one.p_kmol, one.volume_m3, one.t_k, one.t_jacket_k)
            lost[i] = _CODE[one.lost]
        return ManyTanksState(values=after, lost=lost)

    def _substeps(self, y: Array, slope: Array, inputs: ManyTanksInputs, held: Mask, dt_s: float) -> Array:
        """Sub-steps that each tank needs (n_tanks,), infinite where only the stiff solver will do."""
        a, b, _, v, t, _ = y
        rise_k = np.abs(slope[4]) * dt_s
        ahead = 1.0 / (t + rise_k)
        fastest = inputs.emulsion * self._k0 * np.exp(-self._e_r * ahead) * (a + b) / v
        fastest += self._kd * np.exp(-self._ed_r * (ahead - self._inv_td))
        ua = self._ua_per_m3 * v * inputs.heat_transfer
        if self._jacket is not None:
            own = (np.abs(inputs.coolant_kg_s) * self._jacket.cp_j_kgk + ua) / self._jacket.heat_capacity_j_k
            fastest += np.where(held, 0.0, own)
        fastest += ua / (self._rho_cp * v + self._ccap) + np.abs(inputs.dosing_m3_s) / v
        low = v + inputs.dosing_m3_s * dt_s < 2.0 * self._heel
        fastest += np.where(low, np.abs(inputs.dosing_m3_s) / self._heel, 0.0)
        need = np.ceil(np.maximum(fastest * dt_s / SUBSTEP_RATE, rise_k / SUBSTEP_RISE_K))
        calm = (t < STIFF_ABOVE_K) & (rise_k < SUBSTEP_RISE_K * MAX_SUBSTEPS) & (need < MAX_SUBSTEPS)
        return np.where(calm, np.maximum(need, 1.0), np.inf)


class _Rate:
    """Time derivatives (6, n_tanks) under constant inputs, all constants bound once."""

    __slots__ = ("_back", "_cold", "_dosed", "_held", "_inputs", "_k0", "_many", "_ua_per_m3")

    def __init__(self, many: ManyTanks, inputs: ManyTanksInputs, held: Mask) -> None:
        self._many, self._inputs, self._held = many, inputs, held
        self._k0 = inputs.emulsion * many._k0
        self._ua_per_m3 = many._ua_per_m3 * inputs.heat_transfer
        forward = np.maximum(inputs.dosing_m3_s, 0.0)
        self._dosed, self._cold = forward * many._cb, forward * many._rho_cp
        self._back = bool((inputs.dosing_m3_s < 0.0).any())

    def __call__(self, y: Array) -> Array:
        many, inputs = self._many, self._inputs
        a, b, c, v, t, tj = y
        inv_t = 1.0 / t
        r = self._k0 * np.exp(-many._e_r * inv_t) * a * b / v
        rd = many._kd * np.exp(many._ed_r * (many._inv_td - inv_t)) * c
        ua = self._ua_per_m3 * v
        through = ua * (t - tj)
        heat = many._q_r * r + many._q_d * rd - through + inputs.extra_heat_w + self._cold * (inputs.t_dosing_k - t)
        out = np.empty_like(y)
        out[0] = -r
        out[1] = self._dosed - r
        out[2] = r - rd
        out[3] = inputs.dosing_m3_s
        out[4] = heat / (many._rho_cp * v + many._ccap)
        out[5] = self._jacket(tj, through)
        if self._back:
            self._flow_back(out, y)
        return out

    def _jacket(self, tj: Array, through_w: Array) -> Array | float:
        jacket, inputs = self._many._jacket, self._inputs
        if jacket is None:
            return 0.0
        brought = np.abs(inputs.coolant_kg_s) * jacket.cp_j_kgk * (inputs.t_coolant_in_k - tj)
        return np.where(self._held, 0.0, (brought + through_w) / jacket.heat_capacity_j_k)

    def _flow_back(self, out: Array, y: Array) -> None:
        """The contents leave at their own composition, less and less from twice the heel down to it."""
        flow, v = self._inputs.dosing_m3_s, y[3]
        gone = np.where(flow < 0.0, flow * np.clip(v / self._many._heel - 1.0, 0.0, 1.0), 0.0)
        out[:3] += gone / v * y[:3]
        out[3] = np.where(flow < 0.0, gone, flow)


def _rk4(rate: _Rate, y: Array, k1: Array, h: float) -> Array:
    k2 = rate(y + 0.5 * h * k1)
    k3 = rate(y + 0.5 * h * k2)
    k4 = rate(y + h * k3)
    k2 += k3
    k2 *= 2.0
    k2 += k1
    k2 += k4
    k2 *= h / 6.0
    k2 += y
    return k2

"""One time step of the semi-batch tank for a simulator: explicit while the contents are calm, stiff past that."""

import math
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import ODEintWarning, odeint

from models.process.jacket import Jacket
from models.process.parameters import GAS_CONSTANT_J_MOL_K, require_positive
from models.process.semibatch import Loss, SemiBatchInputs, SemiBatchParameters, SemiBatchState
from models.process.semibatch_rates import HEEL_FRACTION, Vector, right_hand_side

# Site defaults. Fixed-step RK4 turned NaN above 450 K at every step from 0.05 to 5 s once decomposition took off.
STIFF_ABOVE_K = 430.0
SUBSTEP_RATE = 0.4  # largest rate constant x sub-step; RK4 is stable to 2.78
SUBSTEP_RISE_K = 0.5
MAX_SUBSTEPS = 8  # beyond, the stiff solver is cheaper
RELATIVE_TOLERANCE = 1e-8
ABSOLUTE_TOLERANCE = 1e-9  # kmol, m3, K alike
LOST_BELOW_K = 150.0  # colder than any coolant: the inputs, not the plant, are out of bounds

Rate = Callable[[float, float, float, float, float, float], Vector]


class SemiBatchTank:
    """A tank that a simulator steps with changing inputs. It holds constants only: the state goes in and comes out."""

    __slots__ = ("_bound", "_bound_inputs", "_e_r", "_ed_r", "jacket", "parameters")

    def __init__(self, parameters: SemiBatchParameters, jacket: Jacket | None = None) -> None:
        self.parameters = parameters
        self.jacket = jacket
        self._e_r = parameters.activation_j_mol / GAS_CONSTANT_J_MOL_K
        self._ed_r = parameters.decomposition_activation_j_mol / GAS_CONSTANT_J_MOL_K
        self._bound_inputs = SemiBatchInputs()
        self._bound = right_hand_side(parameters, self._bound_inputs, jacket)

    def step(self, state: SemiBatchState, inputs: SemiBatchInputs, dt_s: float = 1.0) -> SemiBatchState:
        """State after `dt_s` under constant inputs.

        A lost vessel stays lost. Past `lost_above_k` the state is declared `Loss.RUNAWAY`, above the vessel's volume
        `Loss.OVERFILLED`; a temperature is never clamped. Amounts that the solver leaves a hair below zero are zero.
        """
        if state.lost is not None:
            return state
        require_positive(dt_s=dt_s)
        if inputs is not self._bound_inputs and inputs != self._bound_inputs:
            self._bound_inputs = inputs
            self._bound = right_hand_side(self.parameters, inputs, self.jacket)
        wall = state.t_jacket_k if inputs.t_jacket_k is None else inputs.t_jacket_k
        y: Vector = (state.a_kmol, state.b_kmol, state.p_kmol, state.volume_m3, state.t_k, wall)
        lost: Loss | None = None
        try:
            y = self._advance(y, inputs, dt_s)
        except ArithmeticError:  # the equations have no answer: the last good values stay, and the vessel is lost
            lost = Loss.RUNAWAY if self._bound(*y)[4] >= 0.0 else Loss.FROZEN
        if y[4] > self.parameters.lost_above_k:
            lost = Loss.RUNAWAY
        elif y[4] < LOST_BELOW_K:
            lost = Loss.FROZEN
        elif y[3] > self.parameters.vessel_m3:
            lost = Loss.OVERFILLED
        return SemiBatchState(
            a_kmol=max(y[0], 0.0),
            b_kmol=max(y[1], 0.0),
            p_kmol=max(y[2], 0.0),
            volume_m3=y[3],
            t_k=y[4],
            t_jacket_k=y[5],
            lost=lost,
        )

    def _advance(self, y: Vector, inputs: SemiBatchInputs, dt_s: float) -> Vector:
        slope = self._bound(*y)
        substeps = self._substeps(y, slope, inputs, dt_s)
        if substeps > MAX_SUBSTEPS:
            return stiff_step(self._bound, y, dt_s)
        h = dt_s / substeps
        start = y
        for i in range(substeps):
            y = rk4_step(self._bound, y, slope if i == 0 else self._bound(*y), h)
        if min(y[0], y[1], y[2]) >= -1e-9 and y[4] < STIFF_ABOVE_K + SUBSTEP_RISE_K * MAX_SUBSTEPS:
            return y
        return stiff_step(self._bound, start, dt_s)

    def _substeps(self, y: Vector, slope: Vector, inputs: SemiBatchInputs, dt_s: float) -> int:
        a, b, _, v, t, _ = y
        rise_k = abs(slope[4]) * dt_s
        if not (t < STIFF_ABOVE_K and rise_k < SUBSTEP_RISE_K * MAX_SUBSTEPS):
            return MAX_SUBSTEPS + 1
        p = self.parameters
        t_ahead = t + rise_k
        fastest = inputs.emulsion * p.k0_m3_kmol_s * math.exp(-self._e_r / t_ahead) * (a + b) / v
        fastest += p.kd_ref_1_s * math.exp(-self._ed_r * (1.0 / t_ahead - 1.0 / p.kd_ref_temperature_k))
        ua = p.ua_start_w_k / p.volume_start_m3 * v * inputs.heat_transfer
        if self.jacket is not None and inputs.t_jacket_k is None:
            fastest += (abs(inputs.coolant_kg_s) * self.jacket.cp_j_kgk + ua) / self.jacket.heat_capacity_j_k
        fastest += ua / (p.rho_cp_j_m3k * v + p.vessel_heat_capacity_j_k) + abs(inputs.dosing_m3_s) / v
        heel_m3 = HEEL_FRACTION * p.volume_start_m3
        if v + inputs.dosing_m3_s * dt_s < 2.0 * heel_m3:
            fastest += abs(inputs.dosing_m3_s) / heel_m3
        need = max(fastest * dt_s / SUBSTEP_RATE, rise_k / SUBSTEP_RISE_K)
        return max(1, math.ceil(need)) if need < MAX_SUBSTEPS else MAX_SUBSTEPS + 1


def rk4_step(rate: Rate, y: Vector, k1: Vector, h: float) -> Vector:
    """One classical Runge-Kutta step of six floats; written out, since a loop over them costs four times as much."""
    y0, y1, y2, y3, y4, y5 = y
    a0, a1, a2, a3, a4, a5 = k1
    g = 0.5 * h
    b0, b1, b2, b3, b4, b5 = rate(y0 + g * a0, y1 + g * a1, y2 + g * a2, y3 + g * a3, y4 + g * a4, y5 + g * a5)
    c0, c1, c2, c3, c4, c5 = rate(y0 + g * b0, y1 + g * b1, y2 + g * b2, y3 + g * b3, y4 + g * b4, y5 + g * b5)
    d0, d1, d2, d3, d4, d5 = rate(y0 + h * c0, y1 + h * c1, y2 + h * c2, y3 + h * c3, y4 + h * c4, y5 + h * c5)
    s = h / 6.0
    return (
        y0 + s * (a0 + 2.0 * (b0 + c0) + d0),
        y1 + s * (a1 + 2.0 * (b1 + c1) + d1),
        y2 + s * (a2 + 2.0 * (b2 + c2) + d2),
        y3 + s * (a3 + 2.0 * (b3 + c3) + d3),
        y4 + s * (a4 + 2.0 * (b4 + c4) + d4),
        y5 + s * (a5 + 2.0 * (b5 + c5) + d5),
    )


def stiff_step(rate: Rate, y: Vector, dt_s: float) -> Vector:
    """The same step by LSODA (ODEPACK), which changes to a stiff method by itself; ArithmeticError where it fails."""

    def derivative(values: NDArray[np.float64], _t: float) -> Vector:
        return rate(*values.tolist())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ODEintWarning)  # the report says the same, and is acted on
        rows, report = odeint(
            derivative, y, (0.0, dt_s), full_output=True, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, mxstep=5000
        )
    a, b, c, v, t, tj = rows[-1].tolist()
    if report["message"] != "Integration successful." or not math.isfinite(a + b + c + v + t + tj):
        raise ArithmeticError(report["message"])
    return a, b, c, v, t, tj

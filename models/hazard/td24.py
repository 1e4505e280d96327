"""TD24 and TD8: the start temperature that leaves 24 h or 8 h to the maximum rate.

    q0 = qref exp(-Ea/R (1/T - 1/Tref)) at zero conversion; TD24 is the T at which TMRad is 24 h, by formula or integral

Source: Stoessel, Thermal Safety of Chemical Processes, 2008, ch. 2 (from memory). Units: K, W/kg, J/kg K, J/mol, s.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import lambertw

from models.hazard.tmrad import q_at_w_kg, tmrad_formula_s, tmrad_integral_s
from models.process.parameters import GAS_CONSTANT_J_MOL_K as R

Array = NDArray[np.float64]

DAY_S = 86_400.0
EIGHT_HOURS_S = 28_800.0


def td_formula_k(
    tref_k: ArrayLike, qref_w_kg: ArrayLike, cp_j_kgk: ArrayLike, ea_j_mol: ArrayLike, time_s: float = DAY_S
) -> Array:
    """TD24 (or another time) of the formula in closed form.

    T = Ea/(2 R y), y = -W_-1(-Ea/(2 R sqrt(C))), C = time qref exp(Ea/(R Tref)) Ea/(cp R). NaN where no T answers.
    """
    tref, qref, cp, ea = (np.asarray(v, dtype=np.float64) for v in (tref_k, qref_w_kg, cp_j_kgk, ea_j_mol))
    log_c = np.log(time_s * qref * ea / (cp * R)) + ea / (R * tref)
    argument = -ea / (2.0 * R) * np.exp(-log_c / 2.0)
    y = -lambertw(argument, k=-1).real
    return np.where(argument >= -np.exp(-1.0), ea / (2.0 * R * y), np.nan)


def td_root_k(tref_k: float, qref_w_kg: float, cp_j_kgk: float, ea_j_mol: float, time_s: float = DAY_S) -> float:
    """The same by root finding on the logarithm of the formula: a check on the closed form."""

    def excess(t: float) -> float:
        q = q_at_w_kg(t, tref_k, qref_w_kg, ea_j_mol)
        return float(np.log(tmrad_formula_s(t, q, cp_j_kgk, ea_j_mol) / time_s))

    # Up to T = Ea/(2R), above any liquid, the formula falls with T.
    return float(brentq(excess, 100.0, ea_j_mol / (2.0 * R), xtol=1e-9))


def td_integral_k(
    tref_k: float,
    qref_w_kg: float,
    cp_j_kgk: float,
    ea_j_mol: float,
    dtad_k: float,
    order: float = 1.0,
    time_s: float = DAY_S,
) -> float:
    """TD24 (or another time) with depletion: start temperature whose integral is `time_s`. NaN where none is.

    It lies above the formula's, which is conservative.
    """

    def excess(t: float) -> float:
        q = q_at_w_kg(t, tref_k, qref_w_kg, ea_j_mol)
        time = tmrad_integral_s(t, q, cp_j_kgk, ea_j_mol, dtad_k, order)
        return float(np.log(min(float(time), 1e300) / time_s))

    low = float(td_formula_k(tref_k, qref_w_kg, cp_j_kgk, ea_j_mol, time_s))
    high = low + 1.0
    while excess(high) > 0.0:
        high += 5.0
        if not high < 2.0 * low:
            return float("nan")
    return float(brentq(excess, low - 1.0, high, xtol=1e-7))

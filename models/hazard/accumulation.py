"""What would happen if cooling failed now: accumulation, adiabatic rise and MTSR of many units at once.

    accumulation = min(nA, nB)/nA0;   MTSR(t) = T + min(nA, nB)(-dH)/(rhocp V)

Arrays in, arrays out, one element a unit; NaN in, NaN out.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def accumulation(a_kmol: ArrayLike, b_kmol: ArrayLike, a_start_kmol: ArrayLike) -> Array:
    """Share of the charge that could react at once, 0 to 1."""
    a, b, start = (np.asarray(v, dtype=np.float64) for v in (a_kmol, b_kmol, a_start_kmol))
    return np.asarray(np.maximum(np.minimum(a, b), 0.0) / start)


def adiabatic_rise_k(
    amount_kmol: ArrayLike, enthalpy_j_kmol: ArrayLike, rho_cp_j_m3k: ArrayLike, volume_m3: ArrayLike
) -> Array:
    """Rise when `amount_kmol` reacts without cooling; the enthalpy is negative where heat is made."""
    n, h, rc, v = (np.asarray(x, dtype=np.float64) for x in (amount_kmol, enthalpy_j_kmol, rho_cp_j_m3k, volume_m3))
    return np.asarray(n * -h / (rc * v))


def mtsr_k(
    t_k: ArrayLike,
    a_kmol: ArrayLike,
    b_kmol: ArrayLike,
    enthalpy_j_kmol: ArrayLike,
    rho_cp_j_m3k: ArrayLike,
    volume_m3: ArrayLike,
) -> Array:
    """Maximum temperature of the synthesis reaction if cooling and dosing stop now."""
    a, b = np.asarray(a_kmol, dtype=np.float64), np.asarray(b_kmol, dtype=np.float64)
    left = np.maximum(np.minimum(a, b), 0.0)
    return np.asarray(
        np.asarray(t_k, dtype=np.float64) + adiabatic_rise_k(left, enthalpy_j_kmol, rho_cp_j_m3k, volume_m3)
    )


def mtsr_feed_on_k(t_k: ArrayLike, accumulated_rise_k: ArrayLike, undosed_rise_k: ArrayLike) -> Array:
    """The same with the feed going on to its end: the rise of what is still to be dosed comes on top (upper bound)."""
    values = (np.asarray(v, dtype=np.float64) for v in (t_k, accumulated_rise_k, undosed_rise_k))
    t, stored, coming = values
    return np.asarray(t + stored + coming)

"""The T2 Laboratories reactor of 2007: metalation of methylcyclopentadiene, sodium and diglyme, cooling lost.

    r1 = k1 CA CB, k1 = 4e14 exp(-128000/(8.31 T));  r2 = k2 CS, k2 = 1e84 exp(-800000/(8.31 T))   [1/h]
    sumNCp dT/dt = V0 (45400 r1 + 3.2e5 r2) - UA (T - 373.15)
    gas made FD = (0.5 r1 + 3 r2) V0;  vented FD while below 11400, else (P - 1) 3360, and (P - 1) 56960 with the disc
    open (28.2 atm);  dP/dt = (FD - Fvent) 0.082 T/VH

Source: Fogler, Elements of Chemical Reaction Engineering, example 13-6, after the report of the US Chemical Safety
Board (2009). R is the source's 8.31. The run stops above 45 atm or 600 K: the vessel burst.
"""

import math
from dataclasses import dataclass

from models.process.parameters import require_not_negative
from models.process.trajectory import integrate

LIQUID_DM3, HEADSPACE_DM3 = 4000.0, 5000.0
HEAT_CAPACITY_J_K = 1.26e7
T_COOLANT_K = 373.15
VENT_FULL_MOL_H = 11_400.0
DISC_ATM = 28.2
BURST_ATM, STOP_K = 45.0, 600.0
START = (4.3, 5.1, 3.0, 4.4, 422.0)  # CA, CB, CS mol/dm3, P atm, T K


@dataclass(frozen=True, slots=True, kw_only=True)
class T2Run:
    """`stopped_h` is None where neither limit is passed within the run."""

    stopped_h: float | None
    t_end_k: float
    pressure_end_atm: float


def vent_mol_h(made_mol_h: float, pressure_atm: float) -> float:
    """Gas that leaves: all of it while the vent copes, then what the pressure drives."""
    if made_mol_h < VENT_FULL_MOL_H:
        return made_mol_h
    return (pressure_atm - 1.0) * (3360.0 if pressure_atm < DISC_ATM else 56_960.0)


def run_t2(ua_j_hk: float, *, until_h: float = 10.0) -> T2Run:
    """Run with a given heat transfer; 0 is the accident, 2.77e6 J/h K the normal cooling."""
    require_not_negative(ua_j_hk=ua_j_hk)

    def derivative(y: list[float]) -> tuple[float, float, float, float, float]:
        a, b, s, p, t = y
        r1 = 4e14 * math.exp(-128_000.0 / (8.31 * t)) * a * b
        r2 = 1e84 * math.exp(-800_000.0 / (8.31 * t)) * s
        made = (0.5 * r1 + 3.0 * r2) * LIQUID_DM3
        d_p = (made - vent_mol_h(made, p)) * 0.082 * t / HEADSPACE_DM3
        heat = LIQUID_DM3 * (45_400.0 * r1 + 3.2e5 * r2) - ua_j_hk * (t - T_COOLANT_K)
        return -r1, -r1, -r2, d_p, heat / HEAT_CAPACITY_J_K

    path = integrate(derivative, 0.0, until_h, START, stops=(lambda y: BURST_ATM - y[3], lambda y: STOP_K - y[4]))
    return T2Run(
        stopped_h=None if path.stopped_by is None else path.end, t_end_k=path.last[4], pressure_end_atm=path.last[3]
    )

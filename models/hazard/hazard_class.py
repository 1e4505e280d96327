"""Hazard class of a reaction, severity and likelihood: the order of four temperatures, the rise, the time.

Class, after Stoessel and GB/T 42300-2022 (structure from memory, unconfirmed), of Tp, MTSR, MTT, TD24:

    1  MTSR < MTT < TD24          2  MTSR < TD24, MTSR < MTT, MTT >= TD24     3  MTT <= MTSR < TD24
    4  MTSR >= TD24, MTT < TD24   5  MTSR >= TD24, MTT >= TD24

Ties go to the higher class. 0 means undetermined (a finding): a value is missing, Tp >= MTT, Tp >= TD24 or Tp > MTSR.
All functions broadcast over units and return int8 arrays; they run in every scan.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Levels = NDArray[np.int8]

UNDETERMINED = 0


def stoessel_class(
    process_k: ArrayLike, mtsr_k: ArrayLike, mtt_k: ArrayLike, td24_k: ArrayLike, *, require_order: bool = True
) -> Levels:
    """Class 1 to 5, or 0; any one temperature scale. `require_order=False` skips the tests of Tp, not those for NaN."""
    tp, mtsr, mtt, td24 = (np.asarray(v, dtype=np.float64) for v in (process_k, mtsr_k, mtt_k, td24_k))
    boiling_late = mtt >= td24
    low = np.where(mtsr >= mtt, 3, np.where(boiling_late, 2, 1))
    high = np.where(boiling_late, 5, 4)
    found = np.where(mtsr >= td24, high, low)
    unknown = np.isnan(tp) | np.isnan(mtsr) | np.isnan(mtt) | np.isnan(td24)
    if require_order:
        unknown = unknown | (tp >= mtt) | (tp >= td24) | (tp > mtsr)
    return np.where(unknown, UNDETERMINED, found).astype(np.int8)


def severity(adiabatic_rise_k: ArrayLike, pressure_effect: ArrayLike = False) -> Levels:
    """1: to 50 K without a pressure effect; 2: below 200 K; 3: below 400 K; 4: from 400 K on; 0: unknown.

    GB/T 42300-2022 (bounds from exam notes, unconfirmed); a pressure effect lifts 1 to 2 (site default).
    """
    rise = np.asarray(adiabatic_rise_k, dtype=np.float64)
    level = np.where(rise >= 400.0, 4, np.where(rise >= 200.0, 3, np.where(rise > 50.0, 2, 1)))
    level = np.where((level == 1) & np.asarray(pressure_effect, dtype=bool), 2, level)
    return np.where(np.isnan(rise), UNDETERMINED, level).astype(np.int8)


def likelihood(tmrad_s: ArrayLike) -> Levels:
    """1: 24 h or more; 2: over 8 h; 3: over 1 h; 4: 1 h or less; 0: unknown. GB/T 42300-2022 (unconfirmed)."""
    hours = np.asarray(tmrad_s, dtype=np.float64) / 3600.0
    level = np.where(hours >= 24.0, 1, np.where(hours > 8.0, 2, np.where(hours > 1.0, 3, 4)))
    return np.where(np.isnan(hours), UNDETERMINED, level).astype(np.int8)


def decomposition_level(heat_j_g: ArrayLike) -> Levels:
    """1: below 400 J/g; 2: below 1200; 3: below 3000; 4: from 3000 on; 0: unknown. GB/T 42300-2022 (unconfirmed)."""
    heat = np.asarray(heat_j_g, dtype=np.float64)
    level = np.where(heat >= 3000.0, 4, np.where(heat >= 1200.0, 3, np.where(heat >= 400.0, 2, 1)))
    return np.where(np.isnan(heat), UNDETERMINED, level).astype(np.int8)

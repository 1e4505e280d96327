"""The reliability data of safety functions as arrays, and the PFD that they are specified to have."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.reliability.pfd import Devices, pfd_iec
from plantsafe.plant.model import SafetyFunction

F8 = NDArray[np.float64]
SUBSYSTEMS = ("sensors", "logic", "elements")
"""In the order of every array with one column a subsystem."""


def devices_of(subsystems: Sequence[Any]) -> Devices:
    """One group a subsystem (`plant.model.Subsystem`); one that is None has NaN everywhere."""

    def column(key: str) -> F8:
        return np.array([np.nan if s is None else getattr(s, key) for s in subsystems], dtype=np.float64)

    mission = [np.nan if s is None or s.mission_time_h is None else s.mission_time_h for s in subsystems]
    return Devices(
        lambda_du_per_h=column("lambda_du_per_h"),
        lambda_dd_per_h=column("lambda_dd_per_h"),
        beta=column("beta"),
        beta_d=column("beta_d"),
        mttr_h=column("mttr_h"),
        mrt_h=column("mrt_h"),
        interval_h=column("proof_test_interval_h"),
        coverage=column("proof_test_coverage"),
        mission_h=np.array(mission, dtype=np.float64),
    )


def specified_votes(function: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """m and n of sensors, logic (one device, whatever is in it) and final elements."""
    m = np.array([function.vote, 1, function.element_vote], dtype=np.int64)
    return m, np.array([len(function.inputs), 1, len(function.elements)], dtype=np.int64)


def specified_pfd(function: SafetyFunction) -> float:
    """PFDavg of the whole function, as specified (IEC 61508-6 B.3); NaN where a subsystem has no data."""
    data = function.reliability
    if data is None:
        return float("nan")
    m, n = specified_votes(function)
    return float(pfd_iec(m, n, devices_of([getattr(data, key) for key in SUBSYSTEMS])).sum())

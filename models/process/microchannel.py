"""Microchannel plate: N equal channels fed together; clogging and blockage change pressure drop and residence.

A 1 mm channel (U 2200 W/m2 K) has beta 3.2 1/s, so that without coolant it is adiabatic within seconds: what protects
it must act in under 2 s. It has no agitator and needs no emergency cooling, only flow, ratio, temperature and dp.
"""

from dataclasses import dataclass, replace

from models.process.clogging import blocked_ratios, clog_pressure_ratio, clog_volume_ratio
from models.process.parameters import require_positive
from models.process.tube import Tube, TubeInputs, TubeState, step_tube


@dataclass(frozen=True, slots=True, kw_only=True)
class Microchannel:
    """A clean plate: its channels together as one tube, and its pressure drop at one flow."""

    tube: Tube
    channels: int
    clean_dp_kpa: float
    clean_flow_m3_s: float

    def __post_init__(self) -> None:
        require_positive(clean_dp_kpa=self.clean_dp_kpa, clean_flow_m3_s=self.clean_flow_m3_s)
        if self.channels < 1:
            raise ValueError(f"channels must be at least 1, got {self.channels}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clogging:
    """State of the channels: `blocked` ones carry nothing, in the others a share of the length is narrowed."""

    blocked: int = 0
    length_fraction: float = 0.0
    diameter_ratio: float = 1.0


CLEAN = Clogging()


def pressure_drop_kpa(plate: Microchannel, clogging: Clogging, flow_m3_s: float) -> float:
    """Laminar: proportional to flow; below zero with reverse flow."""
    blocked_ratio, _ = blocked_ratios(plate.channels, clogging.blocked)
    narrowed_ratio = clog_pressure_ratio(clogging.length_fraction, clogging.diameter_ratio)
    return plate.clean_dp_kpa * flow_m3_s / plate.clean_flow_m3_s * blocked_ratio * narrowed_ratio


def step_microchannel(
    plate: Microchannel, state: TubeState, inputs: TubeInputs, clogging: Clogging = CLEAN, dt_s: float = 1.0
) -> TubeState:
    """State of the open channels after `dt_s`; the contents of blocked ones are not followed."""
    _, open_share = blocked_ratios(plate.channels, clogging.blocked)
    share = open_share * clog_volume_ratio(clogging.length_fraction, clogging.diameter_ratio)
    return step_tube(plate.tube, state, replace(inputs, open_volume=share), dt_s)

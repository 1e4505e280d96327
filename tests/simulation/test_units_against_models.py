"""Units of the simulated plant beside the reference models: the same profile in normal running and in an accident."""

import numpy as np
import pytest

from models.process.plug_flow import steady_profile
from models.process.rotating_bed import rotating_bed_outlet
from models.process.tube import Tube, TubeInputs, TubeState, step_tube
from simulation.units import high_gravity, microchannel, tubular

ZERO_C_K = 273.15


@pytest.mark.parametrize("flow_share", [0.5, 0.8, 1.0, 1.1])
@pytest.mark.parametrize("inlet_c", [37.0, 43.0])
@pytest.mark.parametrize("wall_c", [50.0, 56.5, 60.0, 70.0, 85.0, 110.0])  # normal is 56.5, then coolant lost
def test_the_channels_of_m201_follow_the_reference_profile(flow_share: float, inlet_c: float, wall_c: float) -> None:
    unit = microchannel.Microchannel()
    unit.wall_c = wall_c
    flow_kg_s = flow_share * (microchannel.ACID_KG_H + microchannel.ORGANIC_KG_H) / 3600.0
    residence_s = microchannel.VOLUME_M3 * microchannel.DENSITY / flow_kg_s
    probes_c = unit._march(flow_kg_s, inlet_c, 1.0)
    reference = steady_profile(
        microchannel.KINETICS,
        beta_1_s=microchannel.BETA_1_S,
        t_in_k=inlet_c + ZERO_C_K,
        t_wall_k=wall_c + ZERO_C_K,
        residence_s=residence_s,
    )
    places = [round(200 * share) for share in (*microchannel.PROBES, 1.0)]
    assert np.array(probes_c) + ZERO_C_K == pytest.approx(reference.t_k[places], abs=2.5)
    assert unit.hot_c + ZERO_C_K == pytest.approx(reference.hot_spot_k, abs=0.6)
    assert unit.conversion == pytest.approx(reference.conversion_out, abs=2e-3)


def _reference_tube() -> Tube:
    return Tube(
        kinetics=tubular.KINETICS,
        volume_m3=tubular.VOLUME_M3,
        beta_1_s=tubular.BETA_1_S,
        cells=tubular.CELLS,
        lost_above_k=tubular.LOST_C + ZERO_C_K,
    )


@pytest.mark.parametrize(
    ("coolant_share", "coolant_k", "seconds"),
    [(1.0, 0.0, 300), (1.0, 10.0, 600), (0.02, 0.0, 600)],
    ids=["normal", "ten kelvin more", "coolant lost"],
)
def test_the_plugs_of_t301_follow_the_reference_tube(coolant_share: float, coolant_k: float, seconds: int) -> None:
    unit, tube = tubular.Tubular(), _reference_tube()
    unit.coolant_m3_h = tubular.COOLANT_M3_H * coolant_share
    unit.coolant_in_c = tubular.COOLANT_IN_C + coolant_k
    feed_kg_h = tubular.ACID_KG_H + tubular.ORGANIC_KG_H
    reference = TubeState(conversion=1.0 - unit.left, t_k=unit.t_k.copy())
    hottest_unit = hottest_reference = 0.0
    for _ in range(seconds):
        inputs = TubeInputs(
            flow_m3_s=feed_kg_h / 3600.0 / tubular.DENSITY,
            t_in_k=tubular.INLET_C + ZERO_C_K,
            t_wall_k=unit.jacket_c + ZERO_C_K,
        )
        reference = step_tube(tube, reference, inputs)
        unit._carry(feed_kg_h, 0.0, tubular.INLET_C)
        unit._react_and_cool(1.0, 1.0)
        hottest_unit = max(hottest_unit, unit.hot_c)
        hottest_reference = max(hottest_reference, reference.hot_spot_k - ZERO_C_K)
        assert unit.t_k == pytest.approx(reference.t_k, abs=3.0)
        assert unit.hot_c == pytest.approx(reference.hot_spot_k - ZERO_C_K, abs=2.0)
    assert hottest_unit == pytest.approx(hottest_reference, abs=1.0)
    assert not unit.lost


def test_a_probe_of_t301_lies_between_two_plugs_and_does_not_jump_when_they_move() -> None:
    unit = tubular.Tubular()
    unit.t_k = np.linspace(320.0, 379.0, tubular.CELLS)  # a kelvin a cell
    flow_kg_h = 0.25 * tubular.VOLUME_M3 / tubular.CELLS * tubular.DENSITY * 3600.0
    shown = []
    for _ in range(8):
        unit._carry(flow_kg_h, 0.0, 0.0)
        shown.append(unit._at(30))
    assert np.diff(shown) == pytest.approx(-0.25)


@pytest.mark.parametrize("flow_share", [0.5, 1.0])
@pytest.mark.parametrize("speed_rpm", [1_000.0, 400.0, 100.0])
def test_the_bed_of_h302_gives_what_the_reference_bed_gives(flow_share: float, speed_rpm: float) -> None:
    flow_m3_s = flow_share * (high_gravity.ACID_KG_H + high_gravity.ORGANIC_KG_H) / 3600.0 / high_gravity.DENSITY
    t_in_k = high_gravity.INLET_C + ZERO_C_K
    reference = rotating_bed_outlet(
        high_gravity.BED, high_gravity.KINETICS, flow_m3_s=flow_m3_s, speed_rpm=speed_rpm, t_in_k=t_in_k
    )
    residence_s = high_gravity.BED.residence_s(flow_m3_s, speed_rpm)
    found = high_gravity.bed_conversion(residence_s, t_in_k)
    assert high_gravity.KINETICS.adiabatic_rise_k * (found - reference.conversion_out) == pytest.approx(0.0, abs=0.5)

"""Each fault of the protection leads to its conditions, within their time, and to no other of the protection."""

from dataclasses import replace

import pytest

from plantsafe.scan.engine import Engine
from simulation.scenario import SHIPPED, load_scenario
from simulation.trial.trace import Wanted
from simulation.trial.variation import NOMINAL
from simulation.trial.virtual import run_virtual

CHECKS = ("readiness", "functions", "elements", "bypasses", "setpoints", "redundant")
SHARED = ("SIF-101", "SIF-105", "SIF-106")  # use the same three transmitters
BYPASSED = {f"{name}.{kind}": 1.0 for name in SHARED for kind in ("degraded", "bypass")}
SHORT_OF_COOLING = ("SIF-101", "SIF-151", "SIF-155")
DEMAND = {"SIF-102.demand": 4.0, "SIF-102.tripped": 4.0}

# scenario, how much of it is lived, seconds after the first fault within which each condition must be raised
TABLE: list[tuple[str, float, dict[str, float]]] = [
    ("sb_agitator_stop", 120, DEMAND),
    (
        "sif_valve_slow", 150,
        DEMAND | {"SIF-102.failure_on_demand": 12.0, "XV-101A.failed": 14.0, "XV-101A.slow": 18.0,
                  "XV-101A+XV-101B.single_block": 16.0},
    ),
    (
        "sif_valve_stuck", 150,
        DEMAND | {"SIF-102.failure_on_demand": 12.0, "XV-101A.failed": 14.0, "XV-101A.stuck": 24.0,
                  "XV-101A+XV-101B.single_block": 16.0},
    ),
    ("spurious_trip", 120, {"SIF-104.tripped": 2.0, "SIF-104.spurious_trip": 3.0}),
    ("bypass_unauthorised", 120, BYPASSED | {"TT-101A.BYP.unauthorised": 5.0}),
    ("bypass_over_time", 420, BYPASSED | {"TT-101A.BYP.ending": 242.0, "TT-101A.BYP.over_time": 302.0}),
    ("sensor_drift", 900, {"TT-101A.differs": 800.0}),
    (
        "sif_two_channels_failed", 150,
        {f"{name}.{kind}": 3.0 for name in SHARED for kind in ("demand", "tripped", "degraded")},
    ),
    ("sif_setpoint_changed", 120, {"SIF-101.setpoint_changed": 5.0}),
    (
        "cooling_reserve_lost", 240,
        {f"r10{i}-emergency-cooling.not_ready": 120.0 for i in (1, 2)}
        | {f"{name}.degraded": 120.0 for name in SHORT_OF_COOLING},
    ),
    ("dcs_sis_disagreement", 200, {"TI-101.deviates": 60.0, "TI-101.differs": 90.0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "lived_s", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_a_fault_of_the_protection_leads_to_its_conditions_and_to_no_other(
    name: str, lived_s: float, expected: dict[str, float]
) -> None:
    scenario = load_scenario(SHIPPED / f"{name}.yaml")
    scenario = replace(scenario, file=scenario.file.model_copy(update={"duration_s": lived_s}))
    engine = Engine(scenario.plant)
    own = {c.name for check in engine.checks if check.name in CHECKS for c in check.conditions}
    loss = scenario.file.loss
    lost = () if loss is None else (loss.quantity,)
    wanted = Wanted(quantities=lost, points=(), functions=(), elements=())
    run = run_virtual(scenario, wanted, seed=1, drawn=NOMINAL, protected=True)
    raised: dict[str, float] = {}
    for event in run.events:
        if event.kind in ("alarm_raised", "finding_raised") and event.subject in own:
            raised.setdefault(event.subject, event.at_s - run.onset())
    assert sorted(raised) == sorted(expected)
    late = {condition: (at_s, expected[condition]) for condition, at_s in raised.items() if at_s > expected[condition]}
    assert late == {}

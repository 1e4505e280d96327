"""Scenarios on the wire: real servers, connectors and scan service give what virtual time gave, scan for scan."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from plantsafe.clock import NS_PER_S
from plantsafe.errors import SimulationError
from simulation.runner import run_file_on_wire
from simulation.scenario import SHIPPED, Scenario, load_scenario
from simulation.scenario_file import InjectedFault
from simulation.trial.lock_step import HandClock
from simulation.trial.variation import NOMINAL
from simulation.trial.verdict import wire_line
from simulation.trial.wire import WireRun, run_wire, windows_around
from simulation.trial.wire_process import stepped_servers

IN_CI = ("gas_leak_no2", "micro_coolant_loss", "sb_agitator_stop", "sb_cooling_loss", "sb_cooling_loss_late_trip")


@pytest.mark.parametrize("name", IN_CI)
def test_the_wire_says_the_same_at_the_same_scan_numbers(name: str) -> None:
    scenario = load_scenario(SHIPPED / f"{name}.yaml")
    run = run_wire(scenario, seed=1, drawn=NOMINAL)
    assert run.same, run
    assert run.transitions >= 1
    assert (run.device_events > 0) == (name != "micro_coolant_loss")  # the buffer has no codes of M201
    assert run.scans == sum(last - first + 1 for first, last in run.windows)


def test_a_safety_system_that_falls_silent_and_comes_back_is_seen_at_the_same_scans() -> None:
    whole = load_scenario(SHIPPED / "micro_coolant_loss.yaml")
    silent = InjectedFault(name="comms_loss_modbus", at_s=10, lasts_s=5)
    file = whole.file.model_copy(update={"faults": (silent,), "act": (), "duration_s": 60})
    scenario = Scenario(name="silent", file=file, plant=whole.plant, plant_path=whole.plant_path)
    run = run_wire(scenario, seed=1, drawn=NOMINAL, windows=((5, 25),))
    assert run.same, run
    assert run.transitions >= 2


def test_a_window_begins_before_the_fault_and_ends_after_the_answer() -> None:
    scenario = load_scenario(SHIPPED / "sb_agitator_stop.yaml")
    matters = [(62, "tripped", "SIF-102"), (65, "safe_state_reached", "SIF-102"), (2000, "tripped", "SIF-101")]
    assert windows_around(scenario, NOMINAL, matters) == ((55, 90),)
    late = [(1291, "tripped", "SIF-102"), (1294, "safe_state_reached", "SIF-102")]
    assert windows_around(scenario, NOMINAL, late) == ((55, 90), (1286, 1302))


async def test_a_clock_that_is_moved_by_hand_wakes_those_who_wait_for_it_and_those_who_stop() -> None:
    clock, stop = HandClock.at(NS_PER_S), asyncio.Event()
    assert not await clock.wait_until(NS_PER_S, stop)
    waiting = asyncio.create_task(clock.wait_until(3 * NS_PER_S, stop))
    clock.hand.move(2 * NS_PER_S)
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.hand.move(3 * NS_PER_S)
    assert not await waiting
    waiting = asyncio.create_task(clock.wait_until(9 * NS_PER_S, stop))
    stop.set()
    assert await waiting
    clock.hand.move(NS_PER_S)
    assert clock.now_ns() == 3 * NS_PER_S


async def test_servers_that_do_not_start_say_why(tmp_path: Path) -> None:
    scenario = load_scenario(SHIPPED / "micro_coolant_loss.yaml")
    (tmp_path / "deep").mkdir()
    room = tmp_path / ("deep/" + "x" * 100)
    room.mkdir()
    with pytest.raises(SimulationError, match="a unix socket allows"):
        async with stepped_servers(scenario, 1, NOMINAL, room):
            pass


def test_a_difference_on_the_wire_turns_the_verdict_red() -> None:
    run = WireRun(
        windows=((55, 90),),
        scans=36,
        transitions=7,
        device_events=2,
        other_frames=0,
        differences=(),
        cpu_s=1.0,
    )
    assert wire_line(run).holds
    assert not wire_line(replace(run, other_frames=1)).holds
    other = wire_line(replace(run, differences=("scan 62: tripped SIF-102 on the wire only",)))
    assert not other.holds
    assert "SIF-102" in other.found.en
    assert not wire_line(replace(run, scans=0)).holds


@pytest.mark.long
@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_says_the_same_on_the_wire(path: Path) -> None:
    assert run_file_on_wire(path).same

"""Control loops of the simulated plant: modes, bumpless transfer, windup, cascade and ratio, and the feeds in ratio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.control import Cascade, Mode, Pid, Ratio, Tuning
from simulation.units.conditions import approach
from simulation.units.feeds import Feeds, Line

TUNING = Tuning(gain=2.0, integral_s=10.0)
SOUND = Line(valve=1.0, efficiency=1.0)


class Lag:
    """A process of first order: what is measured follows the output."""

    def __init__(self, gain: float, tau_s: float, value: float = 0.0) -> None:
        self.gain, self.tau_s, self.value = gain, tau_s, value

    def step(self, output: float) -> float:
        self.value = approach(self.value, self.gain * output, self.tau_s)
        return self.value


def settle(pid: Pid, process: Lag, seconds: int) -> None:
    for _ in range(seconds):
        process.step(pid.step(process.value))


def test_a_controller_in_automatic_brings_the_process_to_its_setpoint_and_keeps_it_there() -> None:
    pid, process = Pid(TUNING, setpoint=40.0), Lag(gain=1.0, tau_s=5.0)
    settle(pid, process, 200)
    assert process.value == pytest.approx(40.0, abs=1e-3)
    assert pid.output == pytest.approx(40.0, abs=1e-2)


def test_in_manual_the_output_stays_whatever_is_measured() -> None:
    pid = Pid(TUNING, setpoint=40.0)
    pid.manual(55.0)
    assert [pid.step(measured) for measured in (0.0, 40.0, 90.0)] == [55.0, 55.0, 55.0]
    pid.manual(140.0)
    assert pid.step(0.0) == 100.0


@given(held=st.floats(5.0, 95.0), measured=st.floats(20.0, 60.0))
def test_from_manual_to_automatic_the_output_does_not_jump(held: float, measured: float) -> None:
    pid = Pid(Tuning(gain=0.1, integral_s=10.0), setpoint=40.0)
    pid.manual(held)
    for _ in range(50):
        pid.step(measured)
    pid.automatic()
    assert pid.step(measured) == pytest.approx(held, abs=0.25)  # a second of integral at the most


def test_an_output_at_its_end_stores_nothing_up() -> None:
    pid, process = Pid(TUNING, setpoint=200.0), Lag(gain=1.0, tau_s=5.0)
    settle(pid, process, 3_600)  # an hour beyond what the output can do
    assert pid.output == 100.0
    assert pid.at_end == 1
    pid.automatic(40.0)
    settle(pid, process, 3)
    assert pid.output < 50.0
    settle(pid, process, 200)
    assert process.value == pytest.approx(40.0, abs=1e-2)


def test_a_tuning_that_no_controller_can_have_is_refused() -> None:
    with pytest.raises(ValueError, match="no controller can be tuned so"):
        Tuning(gain=1.0, integral_s=0.0)
    with pytest.raises(ValueError, match="no controller can be tuned so"):
        Tuning(gain=1.0, integral_s=10.0, low=10.0, high=10.0)


def cascade() -> tuple[Cascade, Lag, Lag]:
    outer = Pid(Tuning(gain=4.0, integral_s=60.0, low=15.0, high=72.0), setpoint=50.0, output=40.0)
    inner = Pid(Tuning(gain=1.0, integral_s=6.0))
    return Cascade(outer, inner), Lag(gain=1.0, tau_s=60.0, value=40.0), Lag(gain=1.0, tau_s=3.0, value=40.0)


def live(loops: Cascade, contents: Lag, jacket: Lag, seconds: int) -> None:
    for _ in range(seconds):
        jacket.step(loops.step(contents.value, jacket.value))
        contents.step(jacket.value)


def test_the_outer_controller_sets_the_inner_one_and_both_settle() -> None:
    loops, contents, jacket = cascade()
    live(loops, contents, jacket, 1_500)
    assert contents.value == pytest.approx(50.0, abs=0.05)
    assert loops.inner.setpoint == loops.outer.output
    assert jacket.value == pytest.approx(loops.inner.setpoint, abs=0.1)


def test_an_inner_controller_put_in_manual_takes_the_outer_one_along_and_returns_bumpless() -> None:
    loops, contents, jacket = cascade()
    live(loops, contents, jacket, 1_500)
    loops.inner.manual(52.0)
    live(loops, contents, jacket, 600)
    assert jacket.value == pytest.approx(52.0, abs=0.1)
    assert loops.outer.output == pytest.approx(52.0, abs=0.1)
    loops.inner.cascade()
    before = loops.inner.output
    live(loops, contents, jacket, 1)
    assert loops.inner.output == pytest.approx(before, abs=0.5)
    live(loops, contents, jacket, 1_500)
    assert contents.value == pytest.approx(50.0, abs=0.05)


def test_while_the_inner_output_is_at_its_end_the_outer_integral_waits() -> None:
    free, held = (Pid(Tuning(gain=1.0, integral_s=10.0), setpoint=50.0, output=30.0) for _ in range(2))
    for _ in range(30):
        free.step(45.0)
        held.step(45.0, blocked=1)
    assert held.output == 30.0
    assert free.output > 40.0


def test_the_follower_keeps_its_share_of_the_leader_and_goes_down_with_it() -> None:
    pump = Tuning(gain=0.5, integral_s=2.0)
    ratio = Ratio(Pid(pump, setpoint=60.0, output=60.0), Pid(pump, output=30.0), share=0.5)
    acid, organic = Lag(1.0, 1.0, 60.0), Lag(1.0, 1.0, 30.0)
    ratio.leader.automatic(80.0)
    for _ in range(60):
        acid_pct, organic_pct = ratio.step(acid.value, organic.value)
        acid.step(acid_pct)
        organic.step(organic_pct)
    assert (acid.value, organic.value) == pytest.approx((80.0, 40.0), abs=0.05)
    for _ in range(60):  # the acid line is lost
        _, organic_pct = ratio.step(0.0, organic.value)
        organic.step(organic_pct)
    assert organic.value == pytest.approx(0.0, abs=0.05)


def fed(seconds: int, feeds: Feeds, *, power: float = 1.0, organic: Line = SOUND, acid: Line = SOUND) -> None:
    for _ in range(seconds):
        feeds.step(power, organic=organic, acid=acid)


def test_pumps_that_wear_are_made_up_for_and_the_ratio_is_kept() -> None:
    feeds = Feeds(acid_kg_h=1_000.0, organic_kg_h=500.0, tau_s=1.0)
    fed(60, feeds, organic=Line(valve=1.0, efficiency=0.95), acid=Line(valve=1.0, efficiency=0.9))
    assert (feeds.acid, feeds.organic) == pytest.approx((1.0, 1.0), abs=1e-3)


def test_an_organic_pump_that_stops_leaves_the_acid_running() -> None:
    feeds = Feeds(acid_kg_h=1_000.0, organic_kg_h=500.0, tau_s=1.0)
    fed(30, feeds, organic=Line(valve=1.0, efficiency=1.0, pump=0.0))
    assert feeds.organic == pytest.approx(0.0, abs=1e-6)
    assert feeds.acid == pytest.approx(1.0, abs=1e-6)
    fed(60, feeds, organic=Line(valve=1.0, efficiency=1.0, pump=-0.1))
    assert feeds.organic == pytest.approx(-0.1, abs=1e-6)


@pytest.mark.parametrize("stopped", ["valve", "power"])
def test_after_a_stop_both_feeds_come_back_without_going_beyond_their_normal_flow(stopped: str) -> None:
    feeds = Feeds(acid_kg_h=1_000.0, organic_kg_h=500.0, tau_s=1.0)
    if stopped == "valve":
        shut = Line(valve=0.0, efficiency=1.0)
        fed(600, feeds, organic=shut, acid=shut)
    else:
        fed(600, feeds, power=0.0)
    assert feeds.ratio.follower.mode == Mode.MANUAL
    most = 0.0
    for _ in range(60):
        feeds.step(1.0, organic=SOUND, acid=SOUND)
        most = max(most, feeds.acid, feeds.organic)
    assert feeds.ratio.follower.mode == Mode.CASCADE
    assert most < 1.3
    assert (feeds.acid, feeds.organic) == pytest.approx((1.0, 1.0), abs=1e-3)

"""A review of alarms: each thing that it must find, and proposals whose difference gives a good file."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from plantsafe.alarms.rationalise.past import Setting, activations, noise_of
from plantsafe.alarms.rationalise.review import Review, review
from plantsafe.alarms.rationalise.signal import signal_of
from plantsafe.alarms.together import pairs, sequences
from plantsafe.cli import app
from plantsafe.delay import Delay, beyond_with_deadband
from plantsafe.frame import BAD_NO_DATA
from plantsafe.history.reader import HistoryReader
from plantsafe.history.window import Window
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.plant.load import check_plant, load_plant
from plantsafe.scan.engine import Engine
from plantsafe.store.record import RecordWriter

PLANT = """\
schema: 1
author: test
site: {name: small, title: {en: small, zh: 小}}
workshops: [{name: W1, title: {en: W, zh: 车间}, head_count_max: 9, explosion_hazard: false}]
units: [{name: U1, title: {en: U, zh: 单元}, workshop: W1, process: utility}]
sources:
  - {name: DCS, title: {en: D, zh: 系统}, protocol: opcua, endpoint: "opc.tcp://127.0.0.1:1", heartbeat: HB,
     consequence: {en: c, zh: 后果}, action: {en: a, zh: 措施}}
points:
  - {name: HB, title: {en: p, zh: 点}, unit: U1, source: DCS, kind: count, range: [0, 1000000000], opcua: {node: s=HB}}
  - {name: TI-1, title: {en: p, zh: 点}, unit: U1, source: DCS, eu: "°C", range: [0, 200], opcua: {node: s=TI}}
  - {name: LI-1, title: {en: p, zh: 点}, unit: U1, source: DCS, eu: "%", range: [0, 100], opcua: {node: s=LI}}
  - {name: XA-1, title: {en: p, zh: 点}, unit: U1, source: DCS, kind: state, opcua: {node: s=XA},
     states: {0: {en: off, zh: 停}, 1: {en: on, zh: 开}}}
alarms:
  # reviewed by hand
  - {name: TI-1.H, point: TI-1, direction: H, limit: 100, deadband: 0.5, priority: 3, class: safety, respond_min: 15,
     consequence: {en: It boils, zh: 沸腾}, action: {en: Cool, zh: 冷却}}  # keep
  - {name: TI-1.HH, point: TI-1, direction: HH, limit: 120, deadband: 6, priority: 2, class: safety, respond_min: 10,
     consequence: {en: It boils, zh: 沸腾}, action: {en: Cool, zh: 冷却}}
  - {name: LI-1.H, point: LI-1, direction: H, limit: 90, deadband: 5, priority: 4, class: process, respond_min: 30,
     consequence: {en: It spills, zh: 溢出}, action: {en: Close, zh: 关阀}}
  - {name: XA-1.H, point: XA-1, direction: H, limit: 0.5, deadband: 0, priority: 4, class: process, respond_min: 30,
     consequence: {en: It runs, zh: 运行}, action: {en: Stop, zh: 停止}}
"""
FUNCTION = """\
functions:
  - name: SIF-1
    title: {en: f, zh: 联锁}
    hazard: {en: h, zh: 危害}
    unit: U1
    inputs: [{point: TI-1}]
    direction: H
    setpoint: 110
"""

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(*changes: tuple[str, str]) -> Path:
        text = PLANT
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "plant.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def found(made: Review) -> set[tuple[str, str]]:
    return {(one.rule, one.alarm) for one in made.remarks}


def test_a_good_file_has_nothing_to_remark(written: Written) -> None:
    made = review(written())
    assert found(made) == set()
    assert [share.band for share in made.shares] == ["green", "red", "amber", "red"]


@pytest.mark.parametrize(
    ("old", "new", "rule", "alarm"),
    [
        ("consequence: {en: It boils, zh: 沸腾}", "consequence: {en: It boils, zh: 待定}", "missing", "TI-1.H"),
        ("action: {en: Close, zh: 关阀}", "action: {en: '-', zh: 关阀}", "missing", "LI-1.H"),
        (", respond_min: 15", "", "missing", "TI-1.H"),
        ("action: {en: Stop, zh: 停止}", "cause: {en: c, zh: 原因}", "missing", "XA-1.H"),
        ("respond_min: 10", "respond_min: 2", "too-late", "TI-1.HH"),
        ("limit: 90", "limit: 100", "unreachable", "LI-1.H"),
        ("limit: 90", "limit: 101", "unreachable", "LI-1.H"),
        ("limit: 0.5, deadband: 0", "limit: 2, deadband: 0", "unreachable", "XA-1.H"),
        ("limit: 120", "limit: 100", "duplicate", "TI-1.HH"),
        ("limit: 120", "limit: 95", "order", "TI-1.HH"),
        ("deadband: 6", "deadband: 60", "dead-band", "TI-1.HH"),
        ("deadband: 5", "deadband: 0", "dead-band", "LI-1.H"),
        ("range: [0, 100]", "range: [0, 100], resolution: 8", "dead-band", "LI-1.H"),
        ("deadband: 5, priority", "deadband: 5, on_delay_s: 600, priority", "delay", "LI-1.H"),
        ("priority: 4, class: process", "priority: 2, class: process", "priority", "LI-1.H"),
        ("priority: 2, class: safety", "priority: 4, class: safety", "priority", "TI-1.HH"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_alarm_is_found_at_its_line(
    written: Written, old: str, new: str, rule: str, alarm: str
) -> None:
    path = written((old, new))
    made = review(path)
    assert (rule, alarm) in found(made), made.remarks
    said = next(one for one in made.remarks if (one.rule, one.alarm) == (rule, alarm))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert alarm in lines[said.line - 1] or alarm in lines[said.line - 2]


def test_an_alarm_after_the_trip_is_found_and_a_file_that_cannot_be_used_is_reviewed_all_the_same(
    written: Written,
) -> None:
    path = written()
    path.write_text(path.read_text(encoding="utf-8") + FUNCTION, encoding="utf-8")
    made = review(path)
    assert ("beyond-trip", "TI-1.HH") in found(made)
    assert any(one.rule == "file" for one in made.remarks)  # the function lacks most of its fields
    assert made.n_alarms == 4


def test_two_alarms_on_one_expression_are_duplicates(written: Written) -> None:
    path = written()
    entry = (
        "  - {{name: {}, unit: U1, title: {{en: t, zh: 题}}, expression: '{}', priority: 4, class: process,\n"
        "     respond_min: 30, consequence: {{en: c, zh: 后果}}, action: {{en: a, zh: 措施}}}}\n"
    )
    both = entry.format("U1.a", '"TI-1" > 5') + entry.format("U1.b", '"TI-1"  >  5')
    path.write_text(path.read_text(encoding="utf-8") + "expression_alarms:\n" + both, encoding="utf-8")
    assert ("duplicate", "U1.b") in found(review(path))


# the past


def record(path: Path, folder: Path, values: dict[str, np.ndarray]) -> None:
    """A record of the plant's service over these values, scan by scan."""
    folder.mkdir()
    plant = load_plant(path)
    from plantsafe.frame import Frame

    engine, writer = Engine(plant, approved=True), RecordWriter(folder)
    writer.add_plant(plant.hash, plant.document())
    seq, head = 0, GENESIS
    n = plant.n_points
    for i in range(len(next(iter(values.values())))):
        value = np.zeros(n)
        value[plant.points.row["plantsafe.disk_free"]] = 500.0
        value[plant.sources.heartbeat] = i + 1.0
        for name, series in values.items():
            value[plant.points.row[name]] = series[i]
        time_ns = 1_767_225_600 * 10**9 + i * 10**9
        frame = Frame(
            number=i + 1, plant=plant.hash, time_ns=time_ns, value=value, status=np.zeros(n, dtype=np.uint32),
            source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(plant.n_sources, i + 1, dtype=np.int64),
            origin=np.zeros(plant.n_sources, dtype=np.uint8), resolution_ns=np.zeros(plant.n_sources, dtype=np.int64),
        )  # fmt: skip
        done = engine.step(frame)
        rows = chained(done.facts, scan=frame.number, time_ns=time_ns, seq=seq, previous=head)
        if rows:
            seq, head = rows[-1].seq, rows[-1].hash
        writer.write_scan(done.frame, rows, [], {}, None)
    writer.close()


@pytest.fixture
def noisy(written: Written, tmp_path: Path) -> tuple[Path, Path]:
    """Twenty minutes: the temperature is noisy (sigma 1) and stands at its limit for a while, the level trembles."""
    path, dice = written(), np.random.default_rng(4)
    n = 1_200
    steady = np.where((np.arange(n) > 300) & (np.arange(n) < 420), 99.5, 60.0)
    level = np.where((np.arange(n) // 4 % 2 == 0) & (np.arange(n) > 600) & (np.arange(n) < 900), 95.0, 70.0)
    record(path, tmp_path / "data", {"TI-1": steady + dice.normal(size=n), "LI-1": level})
    return path, tmp_path / "data"


def test_noise_and_nuisances_of_the_past_become_a_difference_that_applies_and_passes_the_check(
    noisy: tuple[Path, Path], tmp_path: Path
) -> None:
    path, data = noisy
    patch = tmp_path / "changes.patch"
    before = path.read_text(encoding="utf-8")
    result = CliRunner().invoke(
        app, ["alarms", "rationalise", str(path), "--history", str(data), "--diff", str(patch), "--format", "json"]
    )
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.output)
    assert path.read_text(encoding="utf-8") == before
    assert told["history"]["noise"]["TI-1"]["sigma"] == pytest.approx(1.0, rel=0.1)
    wanted = {(one["alarm"], one["field"]): (one["old"], one["new"]) for one in told["proposals"]}
    assert wanted["TI-1.H", "deadband"][0] == 0.5
    assert 2.7 <= wanted["TI-1.H", "deadband"][1] <= 3.3
    assert wanted["LI-1.H", "off_delay_s"] == (None, 60.0)  # a level: as EEMUA 191 starts
    assert ("TI-1.HH", "deadband") not in wanted
    assert ("LI-1.H", "deadband") not in wanted  # steps of 25 % are no noise
    assert any(one["rule"] == "nuisance" and "instead of" in one["mend"] for one in told["remarks"])

    assert subprocess.run(["git", "apply", str(patch)], cwd=path.parent, check=False).returncode == 0
    after = path.read_text(encoding="utf-8")
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert all("TI-1.H," in line or "LI-1.H," in line for line in changed)
    assert "off_delay_s: 60" in after
    assert "# reviewed by hand" in after
    plant = check_plant(path)
    row = plant.alarms.row["TI-1.H"]
    assert plant.alarms.deadband[row] == wanted["TI-1.H", "deadband"][1]


def test_the_text_names_what_it_proposes_and_what_the_history_was(noisy: tuple[Path, Path]) -> None:
    path, data = noisy
    result = CliRunner().invoke(app, ["alarms", "rationalise", str(path), "--history", str(data)])
    assert result.exit_code == 0, result.output
    assert "1200 scans" in result.output
    assert "alarms whose dead band does not fit" in result.output
    assert "+++ b/plant.yaml" in result.output


def test_a_band_that_does_not_fit_between_two_limits_is_not_proposed(noisy: tuple[Path, Path]) -> None:
    path, data = noisy
    path.write_text(path.read_text(encoding="utf-8").replace("limit: 120", "limit: 104"), encoding="utf-8")
    with HistoryReader(data) as history:
        made = review(path, history, (0, 2**62))
    assert not [one for one in made.proposals if one.alarm == "TI-1.H" and one.field == "deadband"]
    assert any("does not fit" in one.mend for one in made.remarks if one.alarm == "TI-1.H")


def test_a_nitration_temperature_gets_no_delay_however_often_it_chattered(noisy: tuple[Path, Path]) -> None:
    path, data = noisy
    text = path.read_text(encoding="utf-8")
    text = text.replace(
        "process: utility", "process: utility, reaction: nitration, parameters: {reactor_temperature: [TI-1, LI-1]}"
    )
    text = text.replace("direction: H, limit: 90", "direction: HH, limit: 90").replace("class: process, respond_min: 30", "class: GDS, respond_min: 30", 1)  # fmt: skip  # noqa: E501
    path.write_text(text, encoding="utf-8")
    with HistoryReader(data) as history:
        made = review(path, history, (0, 2**62))
    assert not [one for one in made.proposals if one.alarm == "LI-1.H"]
    assert any("no delay is allowed" in one.mend for one in made.remarks if one.alarm == "LI-1.H")


# its parts


def test_settings_tried_over_a_history_come_as_often_as_the_engine_would_raise_them() -> None:
    dice = np.random.default_rng(0)
    for _ in range(100):
        value, good = np.cumsum(dice.normal(size=300)) / 2, dice.random(300) > 0.1
        band, on, off = float(dice.choice([0.0, 0.5, 2.0])), int(dice.choice([0, 1, 5])), int(dice.choice([0, 1, 5]))
        sign, limit = float(dice.choice([1.0, -1.0])), float(dice.normal())
        delay = Delay(np.array([on], dtype=np.int32), np.array([off], dtype=np.int32))
        came, was = 0, False
        arrays = (np.array([limit]), np.array([sign]), np.array([band]))
        for i in range(300):
            beyond = beyond_with_deadband(value[i : i + 1], *arrays, delay.active)
            delay.step(beyond & good[i], ~good[i : i + 1], number=i + 1, gap=0)
            came, was = came + (bool(delay.active[0]) and not was), bool(delay.active[0])
        setting = Setting(limit=limit, sign=sign, deadband=band, on_scans=on, off_scans=off)
        assert activations(value, good, setting) == came


def test_a_ramp_is_no_noise_and_bad_samples_are_left_out() -> None:
    dice = np.random.default_rng(1)
    n = 600
    value = np.stack([np.arange(n) * 0.5 + dice.normal(scale=0.2, size=n), np.full(n, 5.0), np.full(n, np.nan)], axis=1)
    status = np.zeros((n, 3), dtype=np.uint32)
    status[:, 2] = BAD_NO_DATA
    window = Window(number=np.arange(n), time_ns=np.arange(n) * 10**9, value=value, status=status)
    noise = noise_of(("a", "b", "c"), [window], 1.0)
    assert noise.sigma[0] == pytest.approx(0.2, rel=0.15)
    assert noise.rise_per_min[0] == pytest.approx(30.0, rel=0.05)
    assert np.isnan(noise.sigma[1:]).all()  # nothing moves, nothing is Good


def test_what_a_point_measures_follows_from_its_unit_of_measure_and_its_tag(demo_points: dict[str, Any]) -> None:
    kinds = {
        name: signal_of(demo_points[name]) for name in ("TI-101", "FI-101", "PI-101", "LI-101", "AI-101", "XA-101")
    }
    assert kinds == {
        "TI-101": "temperature", "FI-101": "flow", "PI-101": "pressure", "LI-101": "level", "AI-101": "composition",
        "XA-101": "discrete",
    }  # fmt: skip


@pytest.fixture(scope="module")
def demo_points() -> dict[str, Any]:
    demo = Path(__file__).resolve().parents[3] / "simulation" / "plants" / "demo.yaml"
    return {entry.name: entry for entry in load_plant(demo).entries}


def test_alarms_that_always_come_together_and_their_order_are_told() -> None:
    s = 10**9
    rows = [(k * 3600 * s, 0) for k in range(8)]  # a, then b after 5 s, then c after 20 s; d alone
    rows += [(k * 3600 * s + 5 * s, 1) for k in range(8)]
    rows += [(k * 3600 * s + 20 * s, 2) for k in range(8) if k != 3]
    rows += [(k * 7200 * s + 1800 * s, 3) for k in range(6)]
    table = np.array(sorted(rows), dtype=np.int64)
    names = ("a", "b", "c", "d")
    told = pairs(names, table[:, 0], table[:, 1])
    assert [(one.first, one.second, one.times, one.first_share, one.lag_s) for one in told] == [("a", "b", 8, 1.0, 5.0)]
    assert [(one.names, one.times) for one in sequences(names, table[:, 0], table[:, 1])] == [(("a", "b", "c"), 7)]

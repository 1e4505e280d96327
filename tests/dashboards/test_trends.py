"""Thinned curves keep every peak and break where scans are missing."""

import numpy as np
import pytest
from dashboard_scene import Scene

from dashboards.language import Tongue
from dashboards.picture import TAIL_SCANS, Board
from dashboards.trend import COLUMNS, figure, read_curves


def test_one_scan_peak_survives_the_thinning_at_its_own_scan(scene: Scene) -> None:
    while scene.number < 3 * COLUMNS:
        scene.scan({"TI-101": {777: 99.0, 778: 3.0}.get(scene.number, 40.0 + 0.1 * (scene.number % 7))})
    curves = read_curves(scene.folder, ("TI-101",), 1, scene.number)
    (curve,) = curves.good
    assert len(curve.value) <= 4 * COLUMNS
    assert (np.diff(curve.times_ns) > 0).all()
    at = [int(curve.times_ns[rows[0]]) for rows in (np.flatnonzero(curve.value == v) for v in (99.0, 3.0))]
    assert at[1] - at[0] == pytest.approx(1e9, abs=1e6)
    assert len(curves.doubtful[0].value) == 0


def test_bad_values_are_gaps_and_lost_scans_break_the_line(scene: Scene) -> None:
    before = scene.number
    scene.bad.add("TI-101")
    scene.scans(5)
    scene.bad.clear()
    scene.scan()
    scene.number += 30
    scene.scans(5)
    (curve,) = read_curves(scene.folder, ("TI-101",), 1, scene.number).good
    there = [len(piece) for piece in np.split(curve.value, np.flatnonzero(np.isnan(curve.value)))]
    assert there == [before, 2, 6]  # the first of a piece but the first is the break before it


def test_chart_draws_the_limits_of_its_points(scene: Scene) -> None:
    rows = (scene.plant.points.row["TI-101"],)
    curves = read_curves(scene.folder, ("TI-101",), 1, scene.number)
    picture = Board(scene.folder).picture()
    assert picture is not None
    chart = figure(scene.plant, rows, curves, picture.zone, Tongue("zh"))
    texts = [note.text for note in chart.layout.annotations]
    assert {"H 67", "HH 70"} <= set(texts)
    assert any("R101釜内温度" in text for text in texts)


def test_board_reads_a_scan_once_and_only_what_is_new(scene: Scene) -> None:
    board = Board(scene.folder)
    first = board.picture()
    assert first is board.picture()
    scene.scans(4, {"TI-101": 41.0})
    second = board.picture()
    fresh = Board(scene.folder).picture()
    assert first is not None
    assert second is not None
    assert fresh is not None
    assert second.frame.number == first.frame.number + 4
    assert second.tail.shape == (TAIL_SCANS, scene.plant.n_points)
    np.testing.assert_array_equal(second.tail, fresh.tail)


def test_margin_names_the_nearest_limit_and_is_negative_beyond_it(scene: Scene) -> None:
    scene.scan({"TI-101": 68.5})
    picture = Board(scene.folder).picture()
    assert picture is not None
    distance, which = picture.nearest
    row = scene.plant.points.row["TI-101"]
    assert scene.plant.file.alarms[which[row]].name == "TI-101.H"
    assert distance[row] == -1.5

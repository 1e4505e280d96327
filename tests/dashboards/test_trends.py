"""Thinned curves keep every peak and break where scans are missing."""

import numpy as np
from dashboard_scene import Scene

from dashboards.language import Tongue
from dashboards.picture import TAIL_SCANS, Board
from dashboards.trend import BUCKETS, figure, read_curves


def test_one_scan_peak_survives_the_thinning(scene: Scene) -> None:
    while scene.number < 3 * BUCKETS:
        scene.scan({"TI-101": 99.0 if scene.number == 777 else 40.0})
    curves = read_curves(scene.folder, ("TI-101",), 1, scene.number)
    assert len(curves.times_ns) <= 2 * BUCKETS
    assert np.nanmax(curves.value[:, 0]) == 99.0
    assert (np.diff(curves.times_ns) >= 0).all()


def test_bad_values_are_gaps_and_lost_scans_break_the_line(scene: Scene) -> None:
    scene.bad.add("TI-101")
    scene.scans(5)
    scene.bad.clear()
    scene.scan()
    scene.number += 30
    scene.scans(5)
    curves = read_curves(scene.folder, ("TI-101",), 1, scene.number)
    good = ~np.isnan(curves.value[:, 0])
    assert good[:3].all()
    assert not good[3:8].any()
    assert good[8]
    assert not good[9]
    assert good[10:].all()


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

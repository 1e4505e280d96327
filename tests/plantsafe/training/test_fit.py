"""What a model is learnt from: data that cannot teach are refused, what is wrong with the others is told."""

from collections import Counter

import numpy as np
import pytest
from conftest_training import healthy, table

from plantsafe.errors import DamagedFileError, SourceError, StoreError
from plantsafe.store.models import MODELS, read_model, whole_hash, write_model
from plantsafe.training.fit import LEAST_SCANS, fit
from plantsafe.training.past import tabled
from plantsafe.training.unwell import Unwell


def test_three_rows_say_nothing_about_what_is_normal(plant):
    with pytest.raises(SourceError, match=r"3 scans say nothing.*\n.*at least 3600 \(60 min\)"):
        fit(tabled(plant, [table(healthy(3))]))


def test_rows_at_another_distance_are_another_process(plant):
    rows = healthy(100)
    with pytest.raises(SourceError, match=r"a row every 60 s, the plant is scanned every 1 s"):
        tabled(plant, [table(rows, np.arange(100) * 60.0)])


def test_a_file_without_a_point_of_the_plant_is_refused(plant):
    with pytest.raises(SourceError, match="has no column of a point of the plant file"):
        tabled(plant, [table({"TI-999": np.zeros(10)})])


def test_a_span_in_which_nothing_moves_is_refused(plant):
    flat = {name: np.full(LEAST_SCANS, 5.0) for name in ("T", "P", "F")}
    with pytest.raises(SourceError, match="no point moves"):
        fit(tabled(plant, [table(flat)]))


def test_a_unit_in_alarm_for_most_of_the_span_is_refused(plant):
    always = Unwell(stretches={"R1": np.array([[0, 2**62]])}, why={"R1": Counter({"T.HH": 3})}, unjudged=Counter())
    with pytest.raises(SourceError, match=r"(?s)no unit can be learnt.*T.HH 3 times"):
        fit(tabled(plant, [table(healthy(LEAST_SCANS))]), always)


def test_gaps_constant_and_missing_columns_and_findings_are_told(plant):
    rows = healthy(4600)
    rows["F"] = np.full(4600, 20.0)
    rows["P"][:3000] = np.nan
    time_s = np.arange(4600, dtype=np.float64)
    time_s[2000:] += 50.0
    unjudged = Unwell(stretches={}, why={}, unjudged=Counter({"R1": 2}))
    found = fit(tabled(plant, [table(rows, time_s)]), unjudged)
    told = "\n".join(found.notes)
    assert "1 gaps, 50 scans" in told
    assert "never changed: judged by its resolution: F" in told
    assert "good in less than two thirds of the scans, left out: P" in told
    assert "R1: 2 findings in the span that nobody confirmed or rejected" in told
    (unit,) = found.model.units
    (regime,) = unit.regimes.values()
    assert dict(zip(unit.points, regime.reference.known.tolist(), strict=True)) == {"T": True, "F": True, "P": False}


def test_the_model_says_what_it_was_learnt_from_and_how_many_false_findings_to_expect(learnt):
    _, model, _ = learnt
    about = model.about
    assert about["source"] == "past.csv"
    assert about["scans"] == 5000
    assert about["learnt_to_ns"] < about["limits_to_ns"] < about["to_ns"]
    assert about["trial"]["findings"] == 0
    assert about["trial"]["days"] == pytest.approx(1000 / 86_400, rel=0.01)
    assert about["trial"]["a_day_at_most"] == pytest.approx(3.0 / about["trial"]["days"], rel=0.01)  # rule of three


def test_a_model_comes_out_of_its_files_bit_for_bit(learnt):
    _, model, folder = learnt
    again = read_model(folder, model.hash)
    assert model.hash.startswith(whole_hash(folder, model.hash[:8])[:8])
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, again.arrays[name], err_msg=name)


def test_changed_foreign_and_missing_files_are_refused_with_one_message(learnt, tmp_path):
    _, model, folder = learnt
    (tmp_path / MODELS).mkdir()
    arrays, text = (folder / MODELS / f"{model.hash}.npz"), (folder / MODELS / f"{model.hash}.json")
    there = {path.suffix: tmp_path / MODELS / path.name for path in (arrays, text)}
    there[".json"].write_bytes(text.read_bytes())
    with pytest.raises(StoreError, match="is not there"):
        read_model(tmp_path, model.hash)
    there[".npz"].write_bytes(arrays.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedFileError, match="is not what"):
        read_model(tmp_path, model.hash)
    there[".json"].write_bytes(text.read_bytes().replace(b"past.csv", b"fast.csv"))
    with pytest.raises(DamagedFileError, match="bytes changed"):
        read_model(tmp_path, model.hash)
    with pytest.raises(StoreError, match="no hash of a model"):
        read_model(tmp_path, "../../etc/passwd")


def test_arrays_that_are_no_numbers_are_refused(tmp_path):
    digest = write_model(tmp_path, {}, {}, {"x": np.array(["text"])})
    with pytest.raises(DamagedFileError, match="no array of numbers"):
        read_model(tmp_path, digest)
    digest = write_model(tmp_path, {}, {}, {"x": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(DamagedFileError, match="no plain arrays"):
        read_model(tmp_path, digest)

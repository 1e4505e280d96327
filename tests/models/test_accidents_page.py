"""docs/explanation/accidents.md tells the truth: every computed figure on the page is what the models give today."""

from pathlib import Path

import pytest

from models.process.nitroaniline import (
    HEAT_KCAL_KMOL,
    NORMAL_CHARGE,
    T_COOLANT_K,
    TRIPLE_CHARGE,
    UA_KCAL_MIN_K,
    NitroanilineRun,
    run_nitroaniline,
)
from models.process.t2_laboratories import run_t2

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "accidents.md"
NORMAL_UA_J_HK = 2.77e6


def rows() -> dict[str, list[str]]:
    """Cells after the first, by the first cell of each table row."""
    lines = [
        line.strip().strip("|").split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if "|" in line
    ]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


@pytest.fixture(scope="module")
def accident() -> NitroanilineRun:
    return run_nitroaniline(TRIPLE_CHARGE)


def made_kcal_min(x: float, t_k: float) -> float:
    return HEAT_KCAL_KMOL * TRIPLE_CHARGE.oncb_kmol * TRIPLE_CHARGE.conversion_rate_1_min(x, t_k)


def removed_kcal_min(t_k: float) -> float:
    return UA_KCAL_MIN_K * (t_k - T_COOLANT_K)


def test_the_nitroaniline_table_is_what_the_model_gives(accident: NitroanilineRun) -> None:
    x, t_k = accident.conversion_cooling_back, accident.t_cooling_back_k
    assert accident.runaway_min is not None
    found = {
        "conversion when the cooling fails, 45 min": (f"{accident.conversion_isothermal:.4f}", 0.03),
        "heat made at that moment, kcal/min": (f"{made_kcal_min(accident.conversion_isothermal, 448.0):.0f}", 0.02),
        "heat that full cooling removes, kcal/min": (f"{removed_kcal_min(448.0):.0f}", 0.001),
        "temperature when the cooling is back, 55 min, K": (f"{t_k:.1f}", 0.001),
        "conversion then": (f"{x:.4f}", 0.02),
        "heat made then, kcal/min": (f"{made_kcal_min(x, t_k):.0f}", 0.005),
        "heat that full cooling removes then, kcal/min": (f"{removed_kcal_min(t_k):.0f}", 0.001),
        "runaway after the start, min": (f"{accident.runaway_min:.1f}", 0.05),
    }
    page = rows()
    for what, (computed, within) in found.items():
        published, shown = page[what]
        assert shown == computed, what
        assert float(computed) == pytest.approx(float(published), rel=within), what


@pytest.mark.parametrize(("row", "back_min"), [("8 min", 53.0), ("9.5 min", 54.5), ("10 min", 55.0), ("11 min", 56.0)])
def test_the_minutes_without_cooling_are_what_the_model_gives(row: str, back_min: float) -> None:
    runaway_min = run_nitroaniline(TRIPLE_CHARGE, cooling_back_min=back_min).runaway_min
    assert rows()[row][0] == ("none" if runaway_min is None else f"{runaway_min:.1f}")


def test_the_usual_charge_forgives_the_same_ten_minutes() -> None:
    usual = run_nitroaniline(NORMAL_CHARGE)
    shown = rows()["10 min, usual charge"]
    assert usual.runaway_min is None
    assert shown[0] == "none"
    assert f"{usual.t_max_k:.1f} K" in shown[1]


def test_the_t2_table_is_what_the_model_gives() -> None:
    lost, cooled = run_t2(0.0), run_t2(NORMAL_UA_J_HK)
    assert lost.stopped_h is not None
    assert cooled.stopped_h is None
    found = {
        "no cooling: vessel bursts (45 atm) after, h": (f"{lost.stopped_h:.2f}", 0.02),
        "temperature then, K": (f"{lost.t_end_k:.1f}", 0.001),
        "normal cooling (2.77e6 J/h K), 10 h later, K": (f"{cooled.t_end_k:.1f}", 0.002),
    }
    page = rows()
    for what, (computed, within) in found.items():
        published, shown = page[what]
        assert shown == computed, what
        assert float(computed) == pytest.approx(float(published), rel=within), what

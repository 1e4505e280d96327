"""What is refused in the description of a continuous unit, at its line of the file."""

from pathlib import Path

import pytest

import simulation
from plantsafe.errors import PlantFileError
from plantsafe.plant import load_plant
from plantsafe.plant.model.line import CurvePoint, PressureDrop

DEMO = Path(simulation.__file__).parent / "plants" / "demo.yaml"

NONSENSE = [
    ("feeds: [FI-201, FI-202]", "feeds: [FI-201, FI-201]", "FI-201 is in feeds already"),
    ("feeds: [FI-201, FI-202]", "feeds: [FI-201]", "a ratio of 1 feeds"),
    ("feeds: [FI-201, FI-202]", "feeds: [FI-201, TI-201]", "TI-201 is in °C, not in kg/h"),
    ("feeds: [FI-201, FI-202]", "feeds: [FI-201, FI-9]", "there is no point 'FI-9'"),
    ("      normal_kg_h: 90\n", "      normal_kg_h: 900\n", "900 kg/h is more than the feeds can show, 180 kg/h"),
    ("      outlet: FI-204", "      outlet: FI-202", "FI-202 is a feed: in and out would be the same"),
    ("      outlet: FI-204", "      allowed_kg: 5", "without an outlet nothing is missed"),
    ("direction: [FT-301, FT-302]", "direction: [FI-301]", "the range of FI-301 begins at 0"),
    ("clean_kpa: 180, exponent: 1.0", "clean_kpa: 180", "the clean curve is given in one way"),
    (
        "          - {kg_h: 900, kpa: 90.0}\n",
        "          - {kg_h: 900, kpa: 40.0}\n",
        "40 kPa at 900 kg/h after 44.3 kPa",
    ),
    ("          - {kg_h: 900, kpa: 90.0}\n", "          - {kg_h: 900, kpa: 140.0}\n", "140 kPa is 3"),
    ("{point: TI-203, at: 0.30}", "{point: TI-203, at: 0.15}", "TI-203 at 0.15 comes after TI-202 at 0.2"),
    ("[61.2, 72.0, 70.3, 59.9, 57.8, 57.1]", "[61.2, 72.0, 70.3]", "3 temperatures for 6 points"),
    ("[61.2, 72.0, 70.3, 59.9, 57.8, 57.1]", "[61.2, 720, 70.3, 59.9, 57.8, 57.1]", "720 °C is outside the range"),
    ("        reference_c: 55\n", "", "reference and reference_c go together"),
    ("        limit_kg: 30\n", "        limit_kg: 80\n", "80 kg is not below the 60 kg that can be shown"),
    ("        current: II-121\n", "        current: FI-121\n", "FI-121 is in kg/h, not in A"),
]


@pytest.mark.parametrize(("good", "bad", "told"), NONSENSE, ids=[told for _, _, told in NONSENSE])
def test_nonsense_is_refused_at_its_line(tmp_path: Path, good: str, bad: str, told: str) -> None:
    text = DEMO.read_text(encoding="utf-8")
    assert text.count(good) >= 1
    path = tmp_path / "plant.yaml"
    path.write_text(text.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(PlantFileError) as refused:
        load_plant(path)
    first = next(mistake for mistake in refused.value.mistakes if told in mistake.wrong)
    at = text[: text.index(good)].count("\n") + 1
    assert first.file == str(path)
    assert abs(first.line - at) <= 8  # the part of the line that the mistake is in
    assert first.mend


def test_an_alarm_may_not_be_called_like_a_finding_of_the_line(tmp_path: Path) -> None:
    text = DEMO.read_text(encoding="utf-8")
    path = tmp_path / "plant.yaml"
    path.write_text(text.replace("{name: M201.dp-curve,", "{name: M201.pressure_drop,"), encoding="utf-8")
    with pytest.raises(PlantFileError, match="a condition of our own, of the unit M201"):
        load_plant(path)


def test_a_curve_of_points_is_the_power_law_through_them() -> None:
    points = tuple(CurvePoint(kg_h=flow, kpa=220.0 * (flow / 1500.0) ** 1.75) for flow in (600.0, 900.0, 1500.0))
    at_normal, exponent = PressureDrop(point="PDI", curve=points).fitted(1500.0)
    assert at_normal == pytest.approx(220.0)
    assert exponent == pytest.approx(1.75)

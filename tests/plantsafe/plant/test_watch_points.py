"""Points of what sources say of their own work, in the plant file: named by alarms and expressions, never by points."""

from pathlib import Path

import pytest

from plantsafe.errors import PlantFileError
from plantsafe.plant import load_plant
from plantsafe.plant.booklet.content import booklet_of
from plantsafe.scan.engine import Engine

WIDE = Path(__file__).parent / "wide.yaml"
ALARM = """
  - {name: DCS.slow, point: DCS.read_time, direction: H, limit: 0.5, deadband: 0.1, priority: 4, class: diagnostic,
     consequence: {en: late, zh: 迟}, action: {en: look, zh: 查}, respond_min: 60}"""


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = WIDE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "plant.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_figures_stand_behind_the_points_of_the_file() -> None:
    plant = load_plant(WIDE)
    assert plant.points.names[: plant.n_read] == tuple(point.name for point in plant.file.points)
    assert plant.points.names[plant.n_read] == "plantsafe.scan"
    assert plant.sources.names == (*plant.read_sources, "plantsafe")
    assert "DCS.certificate_days" in plant.points.row  # it is secured
    assert "SIS.clock_offset" not in plant.points.row  # Modbus has no clock
    assert plant.points.names[plant.watch.of("requests")[1]] == "SIS.requests"


def test_an_alarm_may_be_on_the_work_of_a_source(tmp_path: Path) -> None:
    plant = load_plant(changed(tmp_path, "\nalarms:", f"\nalarms:{ALARM}"))
    condition = next(c for c in Engine(plant).conditions if c.name == "DCS.slow")
    assert (condition.subject, condition.unit) == ("DCS.read_time", "")
    assert plant.sources.names[condition.source] == "plantsafe"
    for language in ("en", "zh"):
        assert "DCS.slow" in str(booklet_of(plant, language=language, made_ns=0))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("point: DCS.read_time", "point: DCS.read_tim", "there is no point 'DCS.read_tim'"),
        ("limit: 0.5", "limit: -1", "outside the range"),
        ("DCS.read_time", "SIS.clock_offset", "there is no point 'SIS.clock_offset'"),
    ],
)
def test_a_wrong_figure_is_a_mistake(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(PlantFileError, match=says):
        load_plant(changed(tmp_path, "\nalarms:", f"\nalarms:{ALARM.replace(old, new)}"))


def test_names_of_our_own_cannot_be_given(tmp_path: Path) -> None:
    text = WIDE.read_text(encoding="utf-8")
    path = tmp_path / "plant.yaml"
    path.write_text(text.replace("{name: HB,", "{name: DCS.read_time,"), encoding="utf-8")
    with pytest.raises(PlantFileError, match=r"DCS\.read_time is a point of our own"):
        load_plant(path)
    path.write_text(text.replace("name: SIS\n", "name: plantsafe\n"), encoding="utf-8")
    with pytest.raises(PlantFileError, match="plantsafe is the name of our own source"):
        load_plant(path)

"""Every kind of mistake is told at its line, with its field and a mend that works; no mistake hides another."""

from pathlib import Path

import pytest
from seeded_mistakes import SEEDS, Seed

from plantsafe.errors import Mistake, PlantFileError
from plantsafe.plant.load import check_plant

WIDE = Path(__file__).with_name("wide.yaml")
NOT_TOGETHER = {  # these take away what others are told by: a name, a period, a point, the distance of two limits
    ("scan_period_s", "greater than or equal to 0.05"),
    ("people.P 1.name", "pattern"),
    ("X.1.name", "there already"),
    ("SIF-1.tripped.name", "a condition of our own, of the function SIF-1"),
    ("R1.TI.window.name", "a condition of our own, of the window R1.TI"),
    ("clock.step.name", "a condition of our own"),
    ("units.R1.phases.dose.code", "XA has no state 3"),
    ("alarms.TI.H.deadband", "over half"),
    ("points.TD.reduce_deadband", "used by S1 (units.parameters.distillation_temperature.0)"),
    ("points.TR.reduce_deadband", "used by TI.HH"),
    ("points.TR.reduce_deadband", "used by the expression of X.1"),
    ("points.TR.reduce_deadband", "leaves nothing of the range"),
    ("functions.SIF-2.events", "no source has an event buffer"),
    ("sources.SIS.limits.requests_per_s", "requests a second; 4 are allowed"),  # counts what the source's groups read
    ("functions.SIF-1.reliability", "more than 1/200"),  # computed from what others spoil
}


def _told(path: Path, text: str) -> tuple[Mistake, ...]:
    path.write_text(text, encoding="utf-8")
    try:
        check_plant(path)
    except PlantFileError as error:
        return error.mistakes
    return ()


def _of(one: Seed, mistakes: tuple[Mistake, ...]) -> list[Mistake]:
    return [
        mistake
        for mistake in mistakes
        if mistake.field.endswith(one.field) and one.wrong in mistake.wrong and one.mend in mistake.mend
    ]


def test_the_good_file_has_no_mistake(tmp_path: Path) -> None:
    assert _told(tmp_path / "plant.yaml", WIDE.read_text(encoding="utf-8")) == ()


def test_there_are_more_than_sixty_seeds_and_each_changes_the_file() -> None:
    text = WIDE.read_text(encoding="utf-8")
    assert len(SEEDS) > 60
    assert [one for one in SEEDS if text.count(one.old) < 1 or one.old == one.new] == []


@pytest.mark.parametrize("one", SEEDS, ids=[one.field for one in SEEDS])
def test_a_mistake_is_told_with_its_place_and_a_mend_that_works(one: Seed, tmp_path: Path) -> None:
    good = WIDE.read_text(encoding="utf-8")
    bad = good.replace(one.old, one.new, 1)
    path = tmp_path / "plant.yaml"
    found = _of(one, _told(path, bad))
    assert found, [str(mistake) for mistake in _told(path, bad)]
    assert found[0].file == str(path)
    lines = bad.splitlines()
    at = good[: good.index(one.old)].count("\n") + 1
    span = range(at, at + max(one.old.count("\n"), one.new.count("\n")) + 1)
    assert one.line in lines[found[0].line - 1] if one.line else found[0].line in span
    assert lines[found[0].line - 1][found[0].column - 1 :].strip()
    assert _told(path, good.replace(one.old, one.mended, 1) if one.mended else good) == ()


def test_no_mistake_hides_another(tmp_path: Path) -> None:
    text, sown = WIDE.read_text(encoding="utf-8"), []
    for one in SEEDS:
        if one.old in text and one.new and (one.field, one.wrong) not in NOT_TOGETHER:
            text = text.replace(one.old, one.new, 1)
            sown.append(one)
    mistakes = _told(tmp_path / "plant.yaml", text)
    assert len(sown) > 60
    assert [one.field for one in sown if not _of(one, mistakes)] == []

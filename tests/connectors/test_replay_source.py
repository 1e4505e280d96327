"""Recorded values come back in order, and a file that cannot be read is named with its line."""

from pathlib import Path

import numpy as np
import pytest

from connectors.replay import ReplaySource
from plantsafe.clock import Clock
from plantsafe.errors import SourceError
from plantsafe.frame import BAD, BAD_SENSOR_FAILURE, BAD_WAITING_FOR_INITIAL_DATA, GOOD, Frame, Origin
from plantsafe.plant import Plant
from plantsafe.source import silence

T0 = 1_790_000_000_000_000_000


def frame_of(plant: Plant, number: int, *, dcs_answered: bool) -> Frame:
    n = plant.n_points
    return Frame(
        number=number,
        plant=plant.hash,
        time_ns=T0 + number,
        value=np.arange(n) + 100.0 * number,
        status=np.zeros(n, dtype=np.uint32),
        source_time_ns=np.full(n, T0),
        received=np.array([number if dcs_answered else number - 1, number]),
        origin=np.array([Origin.SERVER, Origin.RECEIVE], dtype=np.uint8),
        resolution_ns=np.array([1000, 0]),
    )


async def test_rows_come_in_order_and_then_silence(plant: Plant, clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"time_ns,TI-1,HB,HB.status\n{T0},61.5,1,\n{T0 + 1},,2,{BAD_SENSOR_FAILURE}\n{T0 + 2},inf,3,0\n")
    source = ReplaySource.from_csv(plant, "DCS", path)
    await source.open()
    waiting = BAD_WAITING_FOR_INITIAL_DATA
    first, second, third = [await source.read(clock) for _ in range(3)]
    assert first.value[[0, 3]].tolist() == [61.5, 1.0]
    assert first.status.tolist() == [GOOD, waiting, waiting, GOOD]
    assert first.source_time_ns.tolist() == [T0] * 4
    assert second.status.tolist() == [waiting, waiting, waiting, BAD_SENSOR_FAILURE]
    assert np.isnan(second.value).all()
    assert third.status.tolist() == [BAD, waiting, waiting, GOOD]
    assert not (await source.read(clock)).answered
    await source.open()
    assert (await source.read(clock)).value[0] == 61.5


async def test_frames_give_the_part_of_the_source(plant: Plant, clock: Clock) -> None:
    frames = [frame_of(plant, 1, dcs_answered=True), frame_of(plant, 2, dcs_answered=False)]
    source = ReplaySource.from_frames(plant, "DCS", frames)
    first, second = await source.read(clock), await source.read(clock)
    assert first.value.tolist() == (source.points + 100.0).tolist()
    assert (first.answered, second.answered) == (True, False)
    assert (first.origin, first.resolution_ns) == (Origin.SERVER, 1000)


def test_frames_of_another_plant_are_refused(plant: Plant) -> None:
    stranger = frame_of(plant, 1, dcs_answered=True)
    object.__setattr__(stranger, "plant", "other")
    with pytest.raises(SourceError, match="frame 1 belongs to another"):
        ReplaySource.from_frames(plant, "DCS", [stranger])


def test_rows_of_another_width_are_refused(plant: Plant) -> None:
    with pytest.raises(SourceError, match="row 0 has 3 values, source DCS has 4 points"):
        ReplaySource(plant, "DCS", [silence(3)])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("time_ns,TI-1\n1,2,3\n", r"rows.csv:2: 3 fields under 2 columns"),
        ("time_ns,TI-1\n1,2\n2,warm\n", r"rows.csv:3: could not convert.*'warm'"),
        ("time_ns,TI-1\nnoon,2\n", r"rows.csv:2: "),
        ("time_ns,TI-1\n99999999999999999999,2\n", r"rows.csv:2: "),
        ("time_ns,TI-1,TI-1.status\n1,2,-1\n", r"rows.csv:2: "),
        ("time_ns,TI-7\n1,2\n", "TI-7 are no points of plant small"),
        ("TI-1,TI-1\n1,2\n", "twice"),
    ],
)
def test_file_that_cannot_be_read_is_named_with_its_line(plant: Plant, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(SourceError, match=says):
        ReplaySource.from_csv(plant, "DCS", path)


def test_file_that_is_not_there_is_named(plant: Plant, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv: cannot be read"):
        ReplaySource.from_csv(plant, "DCS", tmp_path / "none.csv")

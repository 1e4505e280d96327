"""Old days go, but for the raw samples around alarms and trips; what went has a name, and nothing else is touched."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from stored_samples import MIDNIGHT_NS, SECOND_NS, compact, frames_of, record, same

from plantsafe.frame import Frame
from plantsafe.history.compaction import Compaction, day_file_name
from plantsafe.history.gaps import named_gaps
from plantsafe.history.reader import HistoryReader
from plantsafe.history.verify import faults
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.plant.tables import Plant
from plantsafe.store.record import RecordReader, RecordWriter
from plantsafe.verdict import Fact

STEP_S = 30  # between two scans, so that days are short
DAY = 86_400 // STEP_S
ALARM = DAY + 1000  # on the second day


def at_ns(number: int) -> int:
    return MIDNIGHT_NS + number * STEP_S * SECOND_NS


@pytest.fixture
def frames(tmp_path: Path, small_plant_of: Callable[..., Plant]) -> list[Frame]:
    """Five days, of which the third has no alarm either."""
    plant = small_plant_of()
    made = frames_of(plant, range(1, 5 * DAY), at_ns)
    record(tmp_path, plant, made)
    facts = [Fact(kind="alarm_raised", subject="T.HH", body={}), Fact(kind="demand_started", subject="S", body={})]
    with closing(RecordWriter(tmp_path)) as writer:
        writer.write_events(chained(facts, scan=ALARM, time_ns=at_ns(ALARM), seq=0, previous=GENESIS))
    compact(tmp_path)
    return made


def drop(folder: Path, days: int, *, sent: int | None = None) -> list[str]:
    with closing(Compaction(folder)) as compaction, RecordReader(folder) as reader:
        return compaction.drop_older(days, reader, sent=sent)


def name(day: int) -> str:
    return day_file_name(MIDNIGHT_NS + day * 86_400 * SECOND_NS)


def without_hot_copies(folder: Path, frames: list[Frame]) -> None:
    """What the scan service does: the record gives back what is compacted."""
    with HistoryReader(folder) as history:
        mark = history.mark()
    with closing(RecordWriter(folder)) as writer:
        writer._connection.execute("DELETE FROM frames WHERE number <= ?", (mark,))


def test_the_surroundings_of_an_alarm_outlive_their_day(tmp_path: Path, frames: list[Frame]) -> None:
    without_hot_copies(tmp_path, frames)
    with HistoryReader(tmp_path) as open_before:
        assert open_before.frame_numbers(ALARM, ALARM) == [ALARM]
        assert drop(tmp_path, 1) == [name(0), name(1), name(2)]
        left = {frame.number: frame for frame in open_before.frames(1, 10**9)}
        holes = [(hole.first, hole.last) for hole in named_gaps(open_before)]
        reasons = {hole.reason for hole in named_gaps(open_before)}
    assert sorted(path.name for path in tmp_path.glob("2*.db")) == [name(1), name(3), name(4)]
    around = range(ALARM - 600 // STEP_S, ALARM + 1800 // STEP_S + 1)
    assert set(around) <= set(left)
    assert all(same(left[frame.number], frame) for frame in frames if frame.number in left)
    assert reasons == {"older than the days that are kept"}
    gone = {n for first, last in holes for n in range(first, last + 1)}
    assert gone | set(left) == {frame.number for frame in frames}
    assert not gone & set(left)
    assert list(faults(tmp_path)) == []


def test_a_day_is_thinned_once(tmp_path: Path, frames: list[Frame]) -> None:
    drop(tmp_path, 1)
    before = (tmp_path / name(1)).read_bytes()
    assert drop(tmp_path, 1) == []
    assert (tmp_path / name(1)).read_bytes() == before


def test_what_the_historian_does_not_have_yet_stays(tmp_path: Path, frames: list[Frame]) -> None:
    assert drop(tmp_path, 1, sent=DAY + 200) == [name(0)]
    assert drop(tmp_path, 1, sent=5 * DAY) == [name(1), name(2)]

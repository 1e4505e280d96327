"""What a historian refuses for good: named, never in the way of the rest, sent again when the historian is mended."""

from contextlib import closing
from pathlib import Path

import pytest
from forwarding import START_NS, Forwarding, Scripted, record, same
from historian_server import MOST_POINTS, Historian
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.frame import Frame
from plantsafe.history.forward import Answer, Forwarder, NotNowError, Word
from plantsafe.history.forwarder import sink_of
from plantsafe.history.lines import LineMaker
from plantsafe.history.reader import HistoryReader
from plantsafe.plant.tables import Plant
from plantsafe.store.forward import ForwardWriter, Standing


def no_room_for_the_first_point(historian: Historian, plant: Plant, frame: Frame) -> None:
    """The server then takes no name of a point that it does not know."""
    known = LineMaker(plant).of_frame(frame)[1:]
    others = [f"pv,point=other{i} status=0i {START_NS}" for i in range(MOST_POINTS - len(known))]
    with closing(sink_of(historian.where)) as sink:
        for lines in (known, others):
            assert sink.write("\n".join(lines).encode()) == Answer(Word.TAKEN)


class Counting:
    """A sink that counts the bodies."""

    def __init__(self, where: str) -> None:
        self.sink, self.bodies = sink_of(where), 0

    def write(self, body: bytes) -> Answer:
        self.bodies += 1
        return self.sink.write(body)


def test_rows_that_are_refused_for_good_are_named_and_the_others_arrive(
    tmp_path: Path, plant: Plant, fresh: Historian
) -> None:
    """The backlog of a small plant: hundreds of lines of one body are refused, and stop nothing."""
    frames = record(tmp_path, plant, range(1, 400))
    no_room_for_the_first_point(fresh, plant, frames[0])
    forwarding = Forwarding(tmp_path, fresh.where)
    forwarding.all()
    standing, dead = forwarding.standing()
    refused, *arrived = plant.points.names
    assert standing.scan == 399
    assert [letter.scan for letter in dead] == [frame.number for frame in frames]
    assert all("max-values-per-tag" in letter.reason and f"point={refused}" in letter.line for letter in dead)
    assert all(len(fresh.rows(name)) == 399 for name in arrived)


def test_a_series_that_was_refused_costs_one_request_more(
    tmp_path: Path, plant: Plant, fresh: Historian, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plantsafe.history.forward.LINES", 10 * plant.n_points)
    frames = record(tmp_path, plant, range(1, 101))
    no_room_for_the_first_point(fresh, plant, frames[0])
    counting = Counting(fresh.where)
    with closing(ForwardWriter(tmp_path)) as writer, HistoryReader(tmp_path) as history:
        with closing(Forwarder(history, writer, counting, lambda: 0)) as forwarder:
            for _ in range(3):  # bodies that were on their way before the first was refused
                forwarder.step()
            before = counting.bodies
            while forwarder.step():
                pass
        assert (writer.standing().scan, writer.standing().dead) == (100, 100)
    counting.sink.close()
    assert counting.bodies - before <= 2 * 7


def test_a_refused_series_that_the_historian_takes_again_goes_with_the_others(tmp_path: Path, plant: Plant) -> None:
    record(tmp_path, plant, range(1, 2))
    sink = Scripted(*_down_to_the_first_line(plant.n_points))
    bodies = []
    with closing(ForwardWriter(tmp_path)) as writer, HistoryReader(tmp_path) as history:
        with closing(Forwarder(history, writer, sink, lambda: 0)) as forwarder:
            assert forwarder.step() == plant.n_points
            for number in (2, 3):
                sink.bodies.clear()
                record(tmp_path, plant, range(number, number + 1))
                assert forwarder.step() == plant.n_points
                bodies.append(len(sink.bodies))
        assert writer.standing().dead == 1
    assert bodies == [2, 1]  # apart, taken; so not apart any more


def _down_to_the_first_line(n: int) -> list[Word]:
    """Answers to the halves of a body of `n` lines whose first is refused."""
    return [Word.REJECTED] if n == 1 else [Word.REJECTED, *_down_to_the_first_line(n // 2), Word.TAKEN]


def test_a_server_that_rejects_everything_buries_nothing(tmp_path: Path, plant: Plant) -> None:
    record(tmp_path, plant, range(1, 60))
    forwarding = Forwarding(tmp_path, "")
    with pytest.raises(NotNowError, match="too much to be right"):
        forwarding.step(Scripted(*[Word.REJECTED] * 10_000))
    assert forwarding.standing() == (
        Standing(scan=0, seq=0, confirmed_ns=0, trouble="", since_ns=0, dead=0),
        [],
    )


def test_a_single_scan_that_is_rejected_whole_is_not_buried_either(tmp_path: Path, plant: Plant) -> None:
    record(tmp_path, plant, range(1, 2))
    forwarding = Forwarding(tmp_path, "")
    with pytest.raises(NotNowError, match="too much to be right"):
        forwarding.step(Scripted(*[Word.REJECTED] * 10_000))
    assert forwarding.standing()[1] == []


def test_refused_lines_are_shown_and_sent_again_when_the_historian_takes_them(
    tmp_path: Path, plant: Plant, fresh: Historian
) -> None:
    frames = record(tmp_path, plant, range(1, 31))
    no_room_for_the_first_point(fresh, plant, frames[0])
    Forwarding(tmp_path, fresh.where).all()
    status = said("status", "--data", str(tmp_path))
    assert "confirmed to scan 30 of 30" in status
    assert "behind by 0 scans" in status
    assert "dead letters: 30" in status
    assert f"point={plant.points.names[0]}" in status
    retry = ("retry", "--data", str(tmp_path), "--to", fresh.where)
    assert "0 dead letters taken, 30 stay" in said(*retry)
    fresh.ask("DROP SERIES FROM \"pv\" WHERE point = 'other0'")
    assert "30 dead letters taken, 0 stay" in said(*retry)
    assert "dead letters: 0" in said("status", "--data", str(tmp_path))
    assert same(fresh, plant, frames)


def test_status_says_what_the_trouble_is(tmp_path: Path, plant: Plant) -> None:
    record(tmp_path, plant, range(1, 31))
    with closing(ForwardWriter(tmp_path)) as writer:
        writer.confirm(12, 0, START_NS, [])
        writer.trouble("401 Unauthorized (token, organisation and bucket?)", START_NS)
    status = said("status", "--data", str(tmp_path))
    assert "confirmed to scan 12 of 30" in status
    assert "behind by 18 scans" in status
    assert "trouble: 401 Unauthorized (token, organisation and bucket?)" in status


def said(*words: str) -> str:
    ran = CliRunner().invoke(app, ["forward", *words])
    assert ran.exit_code == 0, ran.output
    return ran.output

"""kill -9 of the scan service in an alarm: nothing recorded is lost, and it goes on as if never stopped."""

import random
import sqlite3
from pathlib import Path

import pytest
from conftest_cli import SimulatedPlant, last_number, until

from plantsafe.history.reader import HistoryReader
from plantsafe.history.verify import faults
from plantsafe.journal.chain import verify
from plantsafe.plant import plant_of_document
from plantsafe.scan.engine import ENGINE_VERSION, Engine
from plantsafe.scan.replay import replay
from plantsafe.store.record import RECORD, RecordReader
from simulation.control_channel import ask

KILLS = [5, pytest.param(50, marks=pytest.mark.long)]


@pytest.mark.parametrize("kills", KILLS)
def test_kills_in_an_alarm_lose_nothing(
    simulated: SimulatedPlant, tmp_path: Path, dice: random.Random, kills: int
) -> None:
    """Twenty scans a second, each on disk before the next, and the compactor beside it."""
    ask(simulated.control, "inject", name="sb_cooling_loss")
    seen: list[tuple[int, int]] = []
    for kill in range(kills):
        before = last_number(tmp_path)
        service = simulated.service(tmp_path)
        wanted = before + 1 + dice.randrange(2, 40) + (60 if kill == 0 else 0)
        until(f"scan {wanted}", 30, lambda wanted=wanted: last_number(tmp_path) >= wanted)
        with RecordReader(tmp_path) as reader:
            seen.append((reader.last_number(), next(iter(reader.events(newest=1))).seq))
        simulated.kill(service)
    final = simulated.service(tmp_path)
    until("a scan after the last kill", 30, lambda: last_number(tmp_path) > seen[-1][0] + 130)
    final.end()

    with HistoryReader(tmp_path) as history:
        reader = history.record
        numbers = set(history.frame_numbers(1, 10**9))
        last_event = next(iter(reader.events(newest=1))).seq
        assert all(number in numbers for number, _ in seen)
        assert all(seq <= last_event for _, seq in seen)
        assert verify(reader.raw_events()).bad_row is None
        assert not list(reader.events(kinds=("restart_difference",)))
        assert len(list(reader.events(kinds=("service_started",)))) == kills + 1
        assert [e.subject for e in reader.events(kinds=("alarm_raised",))].count("FI-102.LL") == 1
        assert list(faults(tmp_path)) == []
        assert replay(history).differences == ()
        _snapshot_is_that_of_an_uninterrupted_run(history)
    assert sqlite3.connect(tmp_path / RECORD).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _snapshot_is_that_of_an_uninterrupted_run(history: HistoryReader) -> None:
    """Timers and statistics bit for bit: the service's own snapshot against one engine over all frames."""
    reader = history.record
    newest = reader.newest_plant()
    assert newest is not None
    engine = Engine(plant_of_document(newest[1]))
    snapshot = reader.snapshot(engine.plant.hash, ENGINE_VERSION)
    assert snapshot is not None
    for frame in history.frames(history.first_number(), snapshot.number):
        engine.step(frame, reader.taken(frame.number))
    assert engine.snapshot() == snapshot.data

"""kill -9 of the compactor, the forwarder and the historian at random moments under load: nothing lost, none twice."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from historian_server import MOST_POINTS, Historian
from history_processes import COMPACTOR, FORWARDER, Running, Scanning
from stored_samples import MIDNIGHT_NS, SECOND_NS, frames_of, record, same

from plantsafe.frame import Frame
from plantsafe.history.forward import Answer, Word
from plantsafe.history.forwarder import sink_of
from plantsafe.history.lines import LineMaker
from plantsafe.history.reader import HistoryReader
from plantsafe.history.verify import faults
from plantsafe.plant.tables import Plant
from plantsafe.store.forward import DeadLetter, ForwardReader, Standing, forwarded_to
from plantsafe.store.rollup import compacted_to

KILLS = [5, pytest.param(50, marks=pytest.mark.long)]
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def plant(small_plant_of: Callable[..., Plant], small_document: dict[str, Any]) -> Plant:
    """More points, so that there is work to be killed in."""
    like = next(point for point in small_document["points"] if point["name"] == "T")
    more = [like | {"name": f"X{i}", "opcua": {"node": f"s=X{i}"}} for i in range(24)]
    return small_plant_of(points=[*small_document["points"], *more])


def at_ns(number: int) -> int:
    return MIDNIGHT_NS + (number - 2000) * SECOND_NS  # midnight comes in between


def frames_from(plant: Plant, number: int) -> Iterator[Frame]:
    """Without end: whatever the machine has to do besides, there is always a scan that follows."""
    return (frames_of(plant, [each], at_ns)[0] for each in count(number))


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_compactor_loses_nothing(tmp_path: Path, plant: Plant, kills: int) -> None:
    dice = random.Random(kills)
    backlog = 1200 * kills  # so that it is at work at whatever moment
    record(tmp_path, plant, list(islice(frames_from(plant, 1), backlog)))
    with Scanning(tmp_path, plant, frames_from(plant, backlog + 1), pause_s=0.005) as scanning:
        for _ in range(kills):
            mark = compacted_to(tmp_path, 0)
            with Running(COMPACTOR, tmp_path) as process:
                process.until("a stretch", PATIENCE_S, lambda mark=mark: compacted_to(tmp_path, 0) > mark)
                time.sleep(dice.uniform(0.0, 0.1))  # the moment: anywhere in the work on the next stretch
    assert list(faults(tmp_path)) == []
    with Running(COMPACTOR, tmp_path) as process:
        process.until("the rest", PATIENCE_S, lambda: compacted_to(tmp_path, 0) // 60 >= (scanning.done - 60) // 60)
    assert list(faults(tmp_path)) == []
    with HistoryReader(tmp_path) as history:
        assert history.last_number() == scanning.done
        back = history.frames(1, 10**9)
        recorded = islice(frames_from(plant, 1), scanning.done)
        assert all(same(one, other) for one, other in zip(back, recorded, strict=True))


@pytest.fixture
def historian(tmp_path_factory: pytest.TempPathFactory, program: Callable[..., str]) -> Iterator[Historian]:
    server = Historian(tmp_path_factory.mktemp("influx"), program("influxd"), program("nginx"))
    yield server
    server.close()


def standing(folder: Path) -> tuple[Standing, list[DeadLetter]]:
    with closing(ForwardReader(folder)) as reader:
        return reader.standing(), reader.dead()


def confirmed(folder: Path) -> int:
    return forwarded_to(folder)[0] or 0


def in_trouble(folder: Path) -> bool:
    return bool(standing(folder)[0].trouble)


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_forwarder_and_a_killed_or_frozen_historian_lose_nothing(
    tmp_path: Path, plant: Plant, historian: Historian, kills: int
) -> None:
    """One point of all is poison: the historian takes no more names of points."""
    dice = random.Random(kills)
    known = LineMaker(plant).of_frame(next(frames_from(plant, 1)))[1:]
    others = [f"pv,point=other{i} status=0i {MIDNIGHT_NS}" for i in range(MOST_POINTS - len(known))]
    with closing(sink_of(historian.where)) as sink:
        for lines in (known, others):
            assert sink.write("\n".join(lines).encode()) == Answer(Word.TAKEN)
    with Scanning(tmp_path, plant, frames_from(plant, 1), pause_s=0.02) as scanning:
        for kill in range(kills):
            before = confirmed(tmp_path)
            with Running(FORWARDER, tmp_path, historian.where) as process:
                process.until("a confirmed body", PATIENCE_S, lambda before=before: confirmed(tmp_path) > before)
                if kill % 5 == 1:
                    historian.kill()
                    process.until("the trouble of it", PATIENCE_S, lambda: in_trouble(tmp_path))
                    historian.start()
                elif kill % 5 == 2:
                    historian.freeze()
                    process.until("the trouble of it", PATIENCE_S, lambda: in_trouble(tmp_path))
                    historian.thaw()
                elif kill % 5 == 3:
                    historian.says("away", now=True)
                    process.until("the trouble of it", PATIENCE_S, lambda: in_trouble(tmp_path))
                    historian.says("away", now=False)
                moment = scanning.done + dice.randrange(20)
                process.until("the moment", PATIENCE_S, lambda moment=moment: scanning.done >= moment)
    last = scanning.done
    frames = list(islice(frames_from(plant, 1), last))
    with Running(FORWARDER, tmp_path, historian.where) as process:
        process.until("the rest", 4 * PATIENCE_S, lambda: confirmed(tmp_path) == last)
    _, dead = standing(tmp_path)
    refused, *arrived = plant.points.names
    assert [letter.scan for letter in dead] == [frame.number for frame in frames]
    assert all(f"point={refused}" in letter.line for letter in dead)
    assert historian.rows(refused) == {}
    for name in arrived:
        assert historian.rows(name) == rows(frames, plant.points.row[name])
    assert list(faults(tmp_path)) == []


def rows(frames: list[Frame], row: int) -> dict[int, tuple[float | None, int]]:
    return {f.number: (None if np.isnan(f.value[row]) else float(f.value[row]), int(f.status[row])) for f in frames}

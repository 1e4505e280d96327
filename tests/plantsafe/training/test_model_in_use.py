"""A model in use: judged from the first scan, taken up between two scans, the same after a restart and in a replay."""

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest_training import healthy

from plantsafe.checks.unit_monitor import ON_DELAY_SCANS, Stage
from plantsafe.clock import Clock
from plantsafe.frame import Origin
from plantsafe.history.backup import backup
from plantsafe.history.reader import HistoryReader
from plantsafe.request import NO_MODEL, Request, RequestKind, Role
from plantsafe.scan.engine import Engine
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.replay import replay
from plantsafe.scan.service import ScanService
from plantsafe.source import Columns
from plantsafe.store.inbox import submit
from plantsafe.store.models import MODELS
from plantsafe.store.record import RecordReader

FAR_NS = 2**62


def stage(trace: Any) -> Stage:
    return Stage(int(trace.last.live["units.stage"][0]))


def live(trace: Any, rows: dict[str, np.ndarray], first: int, last: int, **shift: float) -> list[str]:
    said: list[str] = []
    for i in range(first, last):
        said += trace.scan(**{name: float(column[i]) + shift.get(name, 0.0) for name, column in rows.items()})
    return said


@pytest.fixture
def traced(learnt, make_trace):
    """A trace of the plant with the model in use from its first scan."""
    _, model, _ = learnt
    trace = make_trace()
    assert trace.engine.use(model) == {}
    return trace


def test_a_unit_is_judged_from_the_first_scan_on_and_a_broken_relation_is_found(traced):
    rows = healthy(400, seed=8)
    assert not [line for line in live(traced, rows, 0, 200) if line.startswith("finding_raised R1")]
    assert stage(traced) is Stage.JUDGE
    found = live(traced, rows, 200, 200 + ON_DELAY_SCANS + 20, T=1.5, P=-1.5)
    assert "finding_raised R1.multivariate" in found


def test_without_a_model_the_same_scans_are_unknown(make_trace):
    trace = make_trace()
    found = live(trace, healthy(400, seed=8), 0, 300, T=1.5, P=-1.5)
    assert not [line for line in found if line.startswith("finding_raised R1")]
    assert stage(trace) is Stage.LEARN


def test_a_lasting_shift_of_one_point_is_found_by_itself_too(traced):
    rows = healthy(400, seed=9)
    live(traced, rows, 0, 100)
    assert "finding_raised F.ewma" in live(traced, rows, 100, 300, F=12.0)


def test_a_restored_engine_goes_on_as_if_it_had_never_stopped(traced, learnt):
    rows = healthy(500, seed=10)
    live(traced, rows, 0, 150)
    second = Engine(traced.engine.plant, approved=True)
    second.restore(traced.engine.snapshot(), learnt[1])
    assert second.model is traced.engine.model
    for i in range(150, 300):
        traced.scan(**{name: float(column[i]) + 2.0 for name, column in rows.items()})
        again = second.step(traced.frames[-1])
        assert [fact.kind for fact in again.facts] == [fact.kind for fact in traced.last.facts]
    assert second.snapshot() == traced.engine.snapshot()


def test_another_plant_description_goes_on_with_the_units_that_it_still_fits(traced, small_plant_of, small_document):
    live(traced, healthy(100, seed=11), 0, 50)
    points = [dict(entry) for entry in small_document["points"]]
    after = Engine(small_plant_of(alarms=[]))
    after.carry_over(traced.engine)
    assert after.model is traced.engine.model
    next(entry for entry in points if entry["name"] == "P")["range"] = [0.0, 100.0]
    other = Engine(small_plant_of(points=points))
    assert other.use(traced.engine.model) == {"R1": "P has another range or unit of measure"}


def test_a_model_needs_a_reason_and_a_role_and_is_taken_once(traced, learnt):
    digest = learnt[1].hash
    traced.scan()
    for role, body, why in (
        (Role.OPERATOR, {"reason": "reviewed"}, "may not load_model"),
        (Role.ENGINEER, {}, "a model is taken into use for a reason"),
        (Role.ENGINEER, {"reason": "reviewed"}, "in use already"),
    ):
        traced.ask(RequestKind.LOAD_MODEL, digest, role=role, **body)
        assert traced.scan() == [f"request_refused {digest}"]
        assert why in traced.reason()
    traced.ask(RequestKind.LOAD_MODEL, NO_MODEL, reason="another catalyst")
    assert traced.scan() == [f"model_load_accepted {NO_MODEL}"]


class Rows:
    """A source that answers with a row of a table each time it is read."""

    def __init__(self, plant: Any, name: str, rows: dict[str, np.ndarray]) -> None:
        self.name, self._rows, self.reads = name, rows, 0
        self.points = plant.sources.points[plant.sources.row[name]]
        self._names = [plant.points.names[row] for row in self.points]

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def read(self, clock: Clock) -> Columns:
        self.reads += 1
        n = len(self._names)
        value = np.array([
            self.reads if name.endswith("HB") else self._rows[name][self.reads] if name in self._rows else 1.0
            for name in self._names
        ])  # fmt: skip
        return Columns(
            value=value, status=np.zeros(n, dtype=np.uint32), source_time_ns=np.zeros(n, dtype=np.int64),
            answered=True, origin=Origin.SERVER, resolution_ns=1,
        )  # fmt: skip


async def run(plant: Any, folder: Path, scans: int, asked: dict[int, Request], until: str = "") -> None:
    """Run the service; `asked` by the number of the scan after which it comes. Ends when `until` was said, too."""
    stop, done = asyncio.Event(), 0

    def each(record: Any) -> None:
        nonlocal done
        done += 1
        if done in asked:
            submit(folder, asked[done])
        with RecordReader(folder) as reader:
            said = not until or next(iter(reader.events(kinds=(until,), newest=1)), None) is not None
        if done >= scans and said:
            stop.set()

    rows = healthy(4000, seed=12)
    sources = [Rows(plant, entry.name, rows) for entry in plant.file.sources]
    clock = Clock.simulated(rate=50.0)
    service = ScanService(
        plant, folder, lambda _: sources, clock, Metrics(period_wall_s=0.02), on_scan=each, live=False
    )
    await asyncio.wait_for(service.run(stop), 60)


def load(digest: str, name: str = "a") -> Request:
    return Request(
        id=name, kind=RequestKind.LOAD_MODEL, subject=digest, occurrence=0, actor="Li Na", role=Role.ENGINEER,
        second_actor="", made_ns=0, valid_until_ns=FAR_NS, body={"reason": "reviewed"},
    )  # fmt: skip


def copied(learnt: Any, folder: Path) -> str:
    _, model, origin = learnt
    (folder / MODELS).mkdir()
    for path in (origin / MODELS).glob(f"{model.hash}.*"):
        (folder / MODELS / path.name).write_bytes(path.read_bytes())
    return str(model.hash)


async def test_the_service_takes_it_up_between_two_scans_and_a_replay_gives_the_same(learnt, tmp_path):
    plant, digest = learnt[0], copied(learnt, tmp_path)
    await run(plant, tmp_path, 60, {5: load(digest)}, "model_loaded")
    await run(plant, tmp_path, 40, {})
    with HistoryReader(tmp_path) as history:
        (loaded,) = history.record.events(kinds=("model_loaded",))
        body = json.loads(loaded.body)
        result = replay(history)
        latest = history.record.latest()
    assert backup(tmp_path, tmp_path / "copy", lambda _: None) == []
    with HistoryReader(tmp_path / "copy") as history:
        assert replay(history).differences == ()  # a replay needs the model: it is in the backup
    assert (loaded.subject, body["before"], body["units"], body["not_used"]) == (digest, NO_MODEL, ["R1"], {})
    assert result.differences == ()
    assert result.scans >= 100
    assert latest.live["units.stage"][0] == Stage.JUDGE  # after the restart as well


async def test_files_that_are_gone_are_an_event_and_the_scans_go_on(learnt, tmp_path):
    plant, digest = learnt[0], copied(learnt, tmp_path)
    (tmp_path / MODELS / f"{digest}.npz").unlink()
    await run(plant, tmp_path, 10, {2: load(digest)}, "model_load_failed")
    with RecordReader(tmp_path) as reader:
        (failed,) = reader.events(kinds=("model_load_failed",))
        assert "is not there" in json.loads(failed.body)["reason"]
        assert not list(reader.events(kinds=("model_loaded",)))

"""The running service on a fast clock: what is recorded, what is lost, and how it takes up again."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plantsafe.clock import Clock
from plantsafe.errors import DamagedFileError, PortInUseError
from plantsafe.frame import Origin
from plantsafe.history.gaps import late_scans, named_gaps, unexplained
from plantsafe.history.reader import HistoryReader
from plantsafe.journal.chain import verify
from plantsafe.plant import Plant
from plantsafe.request import Request, RequestKind, Role
from plantsafe.scan.metrics import HealthServer, Metrics
from plantsafe.scan.replay import replay
from plantsafe.scan.service import Counts, ScanService
from plantsafe.source import Columns, silence
from plantsafe.store.inbox import submit
from plantsafe.store.record import RECORD, RecordReader

RATE = 50.0  # plant seconds a wall second: a scan takes 20 ms


class Scripted:
    """A source that answers from a function of plant time; `slow_s` makes it answer late."""

    def __init__(self, plant: Plant, name: str, temperature: Callable[[int], float]) -> None:
        self.name = name
        self.points = plant.sources.points[plant.sources.row[name]]
        self._names = [plant.points.names[row] for row in self.points]
        self._temperature = temperature
        self.slow_s = 0.0
        self.down = False
        self.reads = 0

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def read(self, clock: Clock) -> Columns:
        self.reads += 1
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        if self.down:
            return silence(len(self.points))
        known = {"T": self._temperature(self.reads), "F": 30.0, "P": 30.0, "HC": 1.0, "DCS.HB": 0.0, "SIS.HB": 0.0}
        value = np.array(
            [self.reads if n.endswith("HB") else known[n] for n in self._names],
            dtype=np.float64,
        )
        return Columns(
            value=value,
            status=np.zeros(len(value), dtype=np.uint32),
            source_time_ns=np.zeros(len(value), dtype=np.int64),
            answered=True,
            origin=Origin.SERVER,
            resolution_ns=1,
        )


def _sources(plant: Plant, temperature: Callable[[int], float] = lambda _: 60.0) -> list[Scripted]:
    return [Scripted(plant, entry.name, temperature) for entry in plant.file.sources]


async def _run(
    plant: Plant,
    folder: Path,
    sources: list[Scripted],
    scans: int,
    *,
    clock: Clock | None = None,
    each: Callable[[int], None] | None = None,
) -> ScanService:
    stop, done = asyncio.Event(), 0

    def count(_: Any) -> None:
        nonlocal done
        done += 1
        if each is not None:
            each(done)
        if done >= scans:
            stop.set()

    clock = clock or Clock.simulated(rate=RATE)
    service = ScanService(plant, folder, lambda _: sources, clock, Metrics(period_wall_s=1 / RATE), on_scan=count)
    await asyncio.wait_for(service.run(stop), 60)
    return service


async def test_every_scan_is_recorded_and_numbers_are_in_the_journal(tmp_path: Path, plant: Plant) -> None:
    service = await _run(plant, tmp_path, _sources(plant), 30)
    with RecordReader(tmp_path) as reader:
        numbers = reader.frame_numbers(1, 10**9)
        kinds = [event.kind for event in reader.events()]
        lost = [json.loads(e.body) for e in reader.events(kinds=("scans_lost",))]
        assert verify(reader.raw_events()).bad_row is None
    named = {n for body in lost for n in range(body["first"], body["last"] + 1)}
    assert sorted(set(numbers) | named) == list(range(1, numbers[-1] + 1))
    assert len(numbers) == service.counts.done == 30
    assert kinds[0] == "service_started"
    assert kinds[-1] == "service_stopped"


async def test_a_scan_that_cannot_be_kept_is_lost_counted_and_named(tmp_path: Path, plant: Plant) -> None:
    def block(done: int) -> None:
        if done == 5:
            time.sleep(0.1)  # five periods: the machine was away

    service = await _run(plant, tmp_path, _sources(plant), 12, each=block)
    with RecordReader(tmp_path) as reader:
        lost = [json.loads(e.body) for e in reader.events(kinds=("scans_lost",))]
    assert service.counts.lost >= 3
    assert sum(body["last"] - body["first"] + 1 for body in lost) == service.counts.lost
    assert {body["reason"] for body in lost} == {"overrun"}


async def test_a_scan_that_begins_late_is_a_row_of_the_journal(tmp_path: Path, plant: Plant) -> None:
    def block(done: int) -> None:
        if done == 2:
            time.sleep(0.8)  # 0.3 s into the next period of 0.5 s

    service = await _run(plant, tmp_path, _sources(plant), 4, clock=Clock.simulated(rate=2.0), each=block)
    with HistoryReader(tmp_path) as history:
        late = list(late_scans(history))
        assert replay(history).differences == ()
        numbers = history.frame_numbers(1, 100)
        assert unexplained(history, named_gaps(history)) == []
    assert len(late) == service.counts.late >= 1
    assert all(scan.late_ms > 200 and scan.number in numbers for scan in late)


async def test_a_slow_source_delays_no_scan_and_no_other_source(tmp_path: Path, plant: Plant) -> None:
    sources = _sources(plant)

    def slow(done: int) -> None:
        sources[1].slow_s = 0.5 if done >= 5 else 0.0

    await _run(plant, tmp_path, sources, 20, each=slow)
    with RecordReader(tmp_path) as reader:
        raised = [e.subject for e in reader.events(kinds=("alarm_raised",))]
        frames = list(reader.frames(1, 10**9))
    assert raised == ["SIS.lost"]
    assert all(np.isfinite(f.value[plant.points.row["T"]]) for f in frames[3:])
    assert np.isnan(frames[-1].value[plant.points.row["P"]])


async def test_a_source_that_never_answers_does_not_keep_the_service_from_starting(
    tmp_path: Path, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plantsafe.scan.service.FIRST_ANSWER_S", 0.2)
    sources = _sources(plant)
    sources[0].down = True
    await _run(plant, tmp_path, sources, 8)
    with RecordReader(tmp_path) as reader:
        assert [e.subject for e in reader.events(kinds=("alarm_raised",))] == ["DCS.lost"]


async def test_an_acknowledgement_is_in_the_record_within_two_scans(tmp_path: Path, plant: Plant) -> None:
    asked: dict[str, int] = {}

    def acknowledge(done: int) -> None:
        if asked:
            return
        with RecordReader(tmp_path) as reader:
            for event in reader.events(kinds=("alarm_raised",)):
                asked["scan"] = reader.last_number()
                submit(
                    tmp_path,
                    Request(
                        id="1", kind=RequestKind.ACKNOWLEDGE, subject=event.subject,
                        occurrence=json.loads(event.body)["occurrence"], actor="Zhao Min", role=Role.OPERATOR,
                        second_actor="", made_ns=0, valid_until_ns=2**62,
                    ),
                )  # fmt: skip

    await _run(plant, tmp_path, _sources(plant, lambda n: 90.0 if n > 5 else 60.0), 20, each=acknowledge)
    with HistoryReader(tmp_path) as history:
        reader = history.record
        answers = list(reader.events(kinds=("alarm_acknowledged",)))
        assert replay(history).differences == ()
    assert [(a.subject, a.actor) for a in answers] == [("T.HH", "Zhao Min")]
    assert answers[0].scan - asked["scan"] <= 2


async def test_a_restart_goes_on_where_it_stopped_and_names_the_gap(tmp_path: Path, plant: Plant) -> None:
    clock = Clock.simulated(rate=RATE)
    hot = _sources(plant, lambda n: 90.0 if n > 3 else 60.0)
    await _run(plant, tmp_path, hot, 10, clock=clock)
    with RecordReader(tmp_path) as reader:
        before = reader.last_number()
    await asyncio.sleep(0.1)
    await _run(plant, tmp_path, _sources(plant, lambda _: 90.0), 10, clock=clock)
    with HistoryReader(tmp_path) as history:
        reader = history.record
        starts = [json.loads(e.body) for e in reader.events(kinds=("service_started",))]
        assert [e.subject for e in reader.events(kinds=("alarm_raised",))].count("T.HH") == 1
        assert reader.frame_numbers(before + 1, 10**9)[0] == before + 1 + starts[1]["scans_missed"]
        assert not list(reader.events(kinds=("restart_difference",)))
        assert replay(history).differences == ()
        assert verify(reader.raw_events()).bad_row is None
    assert starts[1]["reason"] == "stopped"
    assert starts[1]["scans_missed"] >= 3


async def test_another_plant_version_takes_states_over_by_name(tmp_path: Path, plant: Plant, make_trace: Any) -> None:
    clock = Clock.simulated(rate=RATE)
    await _run(plant, tmp_path, _sources(plant, lambda n: 90.0 if n > 3 else 60.0), 10, clock=clock)
    document = plant.file.model_dump(mode="python", by_alias=True)
    fewer = make_trace(alarms=[a for a in document["alarms"] if a["name"] != "T.H"]).engine.plant
    await _run(fewer, tmp_path, _sources(fewer, lambda _: 90.0), 5, clock=clock)
    with RecordReader(tmp_path) as reader:
        removed = [e.subject for e in reader.events(kinds=("alarm_removed",))]
        raised = [e.subject for e in reader.events(kinds=("alarm_raised",))]
    assert removed == ["T.H"]
    assert raised.count("T.HH") == 1


def _plant_request(kind: RequestKind, plant: Plant, actor: str, **body: str) -> Request:
    return Request(
        id=f"{kind}-{plant.hash[:6]}-{actor}", kind=kind, subject=plant.hash, occurrence=0, actor=actor,
        role=Role.ENGINEER, second_actor="", made_ns=0, valid_until_ns=2**62, body=dict(body),
    )  # fmt: skip


async def test_a_changed_file_is_approved_and_taken_up_between_two_scans(
    tmp_path: Path, plant: Plant, make_trace: Any
) -> None:
    """Open alarms go over by name, delays with them; the alarm that is gone closes as removed."""
    document = plant.file.model_dump(mode="python", by_alias=True)
    alarms = [a | {"limit": 75.0} if a["name"] == "T.HH" else a for a in document["alarms"] if a["name"] != "T.H"]
    points = [document["points"][-1], *document["points"][:-1]]  # rows move: readers join by name
    changed = make_trace(alarms=alarms, points=points).engine.plant

    def act(done: int) -> None:
        if done == 10:
            submit(tmp_path, _plant_request(RequestKind.APPROVE_PLANT, changed, "test", author="test", reason="mine"))
            submit(
                tmp_path, _plant_request(RequestKind.APPROVE_PLANT, changed, "Zhao", author="test", reason="review 7")
            )
            load = _plant_request(RequestKind.LOAD_PLANT, changed, "Zhao")
            submit(tmp_path, load, document=changed.document())

    clock = Clock.simulated(rate=RATE)
    stop, numbers = asyncio.Event(), []

    def count(record: Any) -> None:
        numbers.append(record.frame.plant)
        act(len(numbers))
        if len(numbers) == 60:
            stop.set()

    def sources(of: Plant) -> list[Scripted]:
        return _sources(of, lambda n: 90.0 if n > 3 or of is not plant else 60.0)

    service = ScanService(plant, tmp_path, sources, clock, Metrics(period_wall_s=1 / RATE), on_scan=count)
    await asyncio.wait_for(service.run(stop), 60)
    assert numbers[0] == plant.hash
    assert numbers[-1] == changed.hash
    with HistoryReader(tmp_path) as history:
        reader = history.record
        raised = [e.subject for e in reader.events(kinds=("alarm_raised",))]
        removed = [e.subject for e in reader.events(kinds=("alarm_removed",))]
        refused = [json.loads(e.body)["reason"] for e in reader.events(kinds=("request_refused",))]
        loaded = [json.loads(e.body) for e in reader.events(kinds=("plant_loaded",))]
        cleared = [e.subject for e in reader.events(kinds=("alarm_cleared",))]
        assert replay(history).differences == ()
        first, last = reader.first_number(), reader.last_number()
        window = history.window(("T", "P"), first, last)
    assert raised.count("T.HH") == 1
    assert removed == ["T.H"]
    assert cleared == []
    assert "another person must approve" in refused[0]
    assert loaded[0]["approved"] is True
    assert any("T.HH: limit lowered 80 to 75" in change for change in loaded[0]["changes"])
    assert set(np.unique(window.value[:, 1])) == {30.0}  # P keeps its values across the change of rows
    assert window.value[-1, 0] == 90.0


async def test_a_damaged_record_stops_with_one_clear_error(tmp_path: Path, plant: Plant) -> None:
    (tmp_path / RECORD).write_bytes(b"\x00" * 5000)
    with pytest.raises(DamagedFileError) as caught:
        await _run(plant, tmp_path, _sources(plant), 3)
    assert caught.value.mend


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:  # loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_health_says_alive_ready_and_metrics(trace: Any) -> None:
    metrics = Metrics(period_wall_s=1.0)
    server = HealthServer(metrics, 0)
    server.start()
    try:
        assert _get(server.port, "livez")[0] == 200
        assert _get(server.port, "readyz")[0] == 503
        trace.scan(T=90)
        metrics.scanned(trace.last, Counts(), 0.01, 0.001, 0.002)
        assert _get(server.port, "readyz")[0] == 200
        text = _get(server.port, "metrics")[1]
    finally:
        server.stop()
    assert "plantsafe_alarms_unacknowledged 1.0" in text
    assert "plantsafe_scan_number 1.0" in text


def test_a_health_port_in_use_says_which_flag_changes_it() -> None:
    first = HealthServer(Metrics(period_wall_s=1.0), 0)
    with pytest.raises(PortInUseError, match=str(first.port)) as caught:
        HealthServer(Metrics(period_wall_s=1.0), first.port)
    assert "--health-port" in caught.value.mend
    first.stop()

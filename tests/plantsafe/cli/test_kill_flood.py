"""kill -9 of the scan service in alarm floods: states and shelves with their end as before, no event twice."""

import json
import random
from pathlib import Path

import pytest
from conftest_cli import SimulatedPlant, last_number, until

from plantsafe.history.reader import HistoryReader
from plantsafe.journal.chain import verify
from plantsafe.journal.project import STATE_KINDS, open_conditions
from plantsafe.plant import plant_of_document
from plantsafe.request import Request, RequestKind, Role
from plantsafe.scan.engine import Engine
from plantsafe.scan.replay import replay
from plantsafe.store.inbox import submit
from plantsafe.store.record import RecordReader
from simulation.control_channel import ask

SHELVED = {"VI-101.H": False, "LI-102.L": True}  # one for a time, one until its return
MINUTES = 300


def shelve(folder: Path, name: str, *, one_shot: bool) -> None:
    submit(
        folder,
        Request(
            id=f"shelve-{name}", kind=RequestKind.SHELVE, subject=name, occurrence=0, actor="Li Na", role=Role.ENGINEER,
            second_actor="", made_ns=0, valid_until_ns=2**62,
            body={"minutes": MINUTES, "one_shot": one_shot, "comment": "being exchanged"},
        ),
    )  # fmt: skip


def shelf(folder: Path, names: tuple[str, ...]) -> dict[str, tuple[int, bool]]:
    """What the newest picture has on the shelf: the scan of its end, and whether its return ends it."""
    with RecordReader(folder) as reader:
        latest = reader.latest()
    assert latest is not None
    live = latest.live
    rows = zip(live["shelf.row"].tolist(), live["shelf.until"].tolist(), live["shelf.one_shot"].tolist(), strict=True)
    return {names[row]: (until_scan, bool(one)) for row, until_scan, one in rows}


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.long)])
def test_kills_in_floods_keep_states_and_shelves(
    simulated: SimulatedPlant, tmp_path: Path, dice: random.Random, kills: int
) -> None:
    service = simulated.service(tmp_path)
    until("a first scan", 60, lambda: last_number(tmp_path) > 5)
    with RecordReader(tmp_path) as reader:
        described = reader.newest_plant()
    assert described is not None
    names = tuple(condition.name for condition in Engine(plant_of_document(described[1])).conditions)
    for name, one_shot in SHELVED.items():
        shelve(tmp_path, name, one_shot=one_shot)
    until("both are on the shelf", 60, lambda: len(shelf(tmp_path, names)) == len(SHELVED))
    before = shelf(tmp_path, names)

    for kill in range(kills):
        if kill % 2:  # power comes back and goes again: alarms return by the dozen, and come anew
            ask(simulated.control, "clear", name="power_loss")
        else:
            ask(simulated.control, "inject", name="power_loss")
        wanted = last_number(tmp_path) + dice.randrange(2, 30)
        until(f"scan {wanted}", 60, lambda wanted=wanted: last_number(tmp_path) >= wanted)
        simulated.kill(service)
        killed = last_number(tmp_path)
        service = simulated.service(tmp_path)
        until("a scan after the kill", 60, lambda killed=killed: last_number(tmp_path) > killed)
        assert shelf(tmp_path, names) == before
    service.end()
    ask(simulated.control, "clear", name="power_loss")

    with HistoryReader(tmp_path) as history:
        reader = history.record
        assert verify(reader.raw_events()).bad_row is None
        assert list(reader.events(kinds=("restart_difference",))) == []
        raised = [(e.subject, json.loads(e.body)["occurrence"]) for e in reader.events(kinds=("alarm_raised",))]
        assert len(raised) == len(set(raised))
        assert len({occurrence for _, occurrence in raised}) == len(raised)
        assert len(raised) > 20  # a flood
        assert list(reader.events(kinds=("flood_started",)))
        assert len(list(reader.events(kinds=("service_started",)))) == kills + 1
        assert replay(history).differences == ()
        told = open_conditions(reader.events(kinds=STATE_KINDS))
        assert {n: (told[n].shelf_until, told[n].one_shot) for n in SHELVED} == before

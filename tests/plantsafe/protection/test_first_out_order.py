"""A thousand synthetic trips: who was first, by the stamps of the safety system."""

import numpy as np

from plantsafe.frame import DeviceEvents, Frame
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.protection import DeviceEventCheck
from plantsafe.verdict import Verdict

TRIPS = 1000
RESOLUTION_MS = 10
CODES = {11: "A", 12: "B", 13: "C", 21: "TRIP", 31: "V1", 32: "V2"}
BUFFER = {
    "newest": 0, "address": 2, "records": 64, "words": 8, "sequence": {"at": 0, "type": "uint32"},
    "seconds": {"at": 2, "type": "uint32"}, "fraction": {"at": 4}, "code": {"at": 5}, "state": {"at": 6},
    "resolution_s": RESOLUTION_MS / 1000, "codes": [{"code": code, "point": point} for code, point in CODES.items()],
}  # fmt: skip


def frame(plant: Plant, number: int, rows: list[tuple[int, int, int]], sequence: int) -> Frame:
    """rows: (stamp in ms, code, state), numbered on from `sequence`."""
    n = plant.n_points
    stamp, code, state = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    events = DeviceEvents(
        source=np.zeros(len(rows), dtype=np.intp), sequence=sequence + 1 + np.arange(len(rows), dtype=np.int64),
        time_ns=stamp * 1_000_000, code=code, state=state,
    )  # fmt: skip
    return Frame(
        number=number, plant=plant.hash, time_ns=number * 10**9, value=np.zeros(n), status=np.zeros(n, dtype=np.uint32),
        source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(1, number), origin=np.zeros(1, dtype=np.uint8),
        resolution_ns=np.zeros(1, dtype=np.int64), events=events,
    )  # fmt: skip


def test_a_thousand_trips_have_no_wrong_first_out_and_what_can_be_told_apart_is(bare_plant: Plant) -> None:
    document = bare_plant.file.model_dump(by_alias=True)
    document["sources"][0]["event_buffer"] = BUFFER
    plant = compile_plant(PlantFile.model_validate(document))
    check, dice = DeviceEventCheck(plant), np.random.default_rng(11)
    number = sequence = wrong = tied_above = wide = wide_resolved = tied = 0
    for _ in range(TRIPS):
        onset_ms = (number + 3) * 1000.0 + float(dice.uniform(0.0, RESOLUTION_MS))
        gap_ms = float(dice.exponential(4 * RESOLUTION_MS))
        first, second, third = dice.permutation([11, 12, 13]).tolist()
        true = {first: onset_ms, second: onset_ms + gap_ms, third: onset_ms + gap_ms + float(dice.exponential(200.0))}
        trip_ms = true[second] + 30.0  # two out of three, and the logic's own time
        # the device stamps at the end of its own scan: whole steps of its resolution
        stamp = {code: int(np.ceil(at / RESOLUTION_MS) * RESOLUTION_MS) for code, at in true.items()}
        events = [(stamp[code], code, 1) for code in true] + [(int(trip_ms) + RESOLUTION_MS, 21, 1)]
        back = int(onset_ms) + 5000
        told = []
        late = bool(dice.integers(2))  # the device writes its records in an order of its own, some a read later
        dice.shuffle(events)
        parts = [events[:2], events[2:]] if late else [events, []]
        for part in (*parts, [], [(back, code, 0) for code in (11, 12, 13, 21)], []):
            number += 1
            verdict = Verdict(len(check.conditions))
            check.evaluate(frame(plant, number, part, sequence), verdict, slice(None))
            sequence += len(part)
            told += [fact.body for fact in verdict.facts if fact.kind == "first_out"]
        assert len(told) == 1
        said, names = told[0], [CODES[first]]
        resolved = len(said["first"]) == 1
        wrong += resolved and said["first"] != names
        wrong += not resolved and names[0] not in said["first"]
        tied += not resolved
        tied_above += said["indistinguishable"] and gap_ms >= RESOLUTION_MS
        wide += gap_ms > 2 * RESOLUTION_MS
        wide_resolved += resolved and gap_ms > 2 * RESOLUTION_MS
    assert wrong == 0
    assert tied_above == 0
    assert wide > 500
    assert wide_resolved / wide >= 0.95
    assert tied > 100

"""Recording, forwarding step by step, and looking at what arrived."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from historian_server import Historian

from plantsafe.frame import BAD_NO_COMMUNICATION, Frame
from plantsafe.history.forward import Answer, Forwarder, NotNowError, Word
from plantsafe.history.forwarder import sink_of
from plantsafe.history.reader import HistoryReader
from plantsafe.plant.tables import Plant
from plantsafe.store.forward import DeadLetter, ForwardWriter, Standing
from plantsafe.store.record import RecordWriter

START_NS = 1_790_000_000_000_000_000


def record(folder: Path, plant: Plant, numbers: Sequence[int]) -> list[Frame]:
    """Random values, some Bad."""
    writer = RecordWriter(folder)
    writer.add_plant(plant.hash, plant.document())
    chance = np.random.default_rng(numbers[0])
    made = []
    for number in numbers:
        status = np.where(chance.random(plant.n_points) < 0.1, np.uint32(BAD_NO_COMMUNICATION), np.uint32(0))
        frame = Frame(
            number=number,
            plant=plant.hash,
            time_ns=START_NS + number * 10**9,
            value=np.where(status > 0, np.nan, chance.normal(60.0, 1.0, plant.n_points)),
            status=status,
            source_time_ns=np.zeros(plant.n_points, dtype=np.int64),
            received=np.full(plant.n_sources, number, dtype=np.int64),
            origin=np.zeros(plant.n_sources, dtype=np.uint8),
            resolution_ns=np.zeros(plant.n_sources, dtype=np.int64),
        )
        writer.write_scan(frame, [], [], {}, None)
        made.append(frame)
    writer.close()
    return made


class Forwarding:
    """A forwarder that is stepped until all is sent; a new one each time, as after a kill."""

    def __init__(self, folder: Path, where: str) -> None:
        self.folder, self.where = folder, where

    def step(self, sink: Any = None) -> int:
        writer, own = ForwardWriter(self.folder), sink or sink_of(self.where)
        try:
            with HistoryReader(self.folder) as history:
                forwarder = Forwarder(history, writer, own, time.time_ns)
                try:
                    return forwarder.step()
                finally:
                    forwarder.close()
        finally:
            writer.close()
            if sink is None:
                own.close()

    def all(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if not self.step():
                    return
            except NotNowError:
                time.sleep(0.05)
        raise AssertionError("not all was sent")

    def standing(self) -> tuple[Standing, list[DeadLetter]]:
        writer = ForwardWriter(self.folder)
        try:
            return writer.standing(), writer.dead()
        finally:
            writer.close()


def same(historian: Historian, plant: Plant, frames: Sequence[Frame]) -> bool:
    """Every point of every scan there is as it was recorded."""
    for row, name in enumerate(plant.points.names):
        there = historian.rows(name)
        here = {f.number: (None if np.isnan(f.value[row]) else float(f.value[row]), int(f.status[row])) for f in frames}
        if there != here:
            return False
    return True


class Scripted:
    """A sink that answers from a list."""

    def __init__(self, *words: Word) -> None:
        self.words, self.bodies = list(words), list[bytes]()

    def write(self, body: bytes) -> Answer:
        self.bodies.append(body)
        return Answer(self.words.pop(0) if self.words else Word.TAKEN, "scripted")

"""A device's event buffer: which records of its ring are new, and what they say; whole arrays.

The ring is asked for its newest number first. Records that were overwritten before they could be read are left out:
the gap in the numbers says which. A record that carries another number than its place must have is none (the device
was writing there); it is asked for again as long as the ring holds it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from connectors.modbus.blocks import MAX_WORDS, Block
from connectors.modbus.decode import Image
from connectors.modbus.map import DTYPES, WORDS
from plantsafe.clock import NS_PER_S
from plantsafe.plant.model import BufferField, EventBuffer
from plantsafe.source import Stamped

READS_A_SCAN = 4  # site default: 60 records of 8 registers a scan; a burst waits in the ring
TRIES = 3  # site default: how often a record that is not there yet is asked for before the ring goes on without it
NOBODY = np.zeros(0, dtype=np.intp)


class RingReader:
    """Follows one ring: what to ask for, and what came. After a new beginning the whole ring is read."""

    def __init__(self, buffer: EventBuffer, registers_per_read: int = MAX_WORDS) -> None:
        self.buffer = buffer
        self._most = max(1, min(registers_per_read, MAX_WORDS) // buffer.words)
        self._last: int | None = None
        self._tries = 0

    @property
    def newest(self) -> Block:
        """The request for the newest number."""
        return self._block(self.buffer.newest, WORDS[self.buffer.sequence.type])

    def wanted(self, words: Image) -> list[tuple[int, Block]]:
        """What to ask for, given the registers of the newest number: the first number of each request, oldest first."""
        buffer = self.buffer
        newest = int(_numbers(words[None, :], BufferField(at=0, type=buffer.sequence.type), buffer)[0])
        if newest == 0 and self._last is None:
            return []
        if self._last is None or (newest - self._last) % buffer.modulus > buffer.modulus // 2:  # the device began anew
            self._last = (newest - min(newest, buffer.records)) % buffer.modulus
        behind = (newest - self._last) % buffer.modulus
        if behind > buffer.records:
            self._last = (newest - buffer.records) % buffer.modulus
        return list(self._runs(self._last, min(behind, buffer.records)))[:READS_A_SCAN]

    def take(self, first: int, words: Image) -> Stamped | None:
        """The records in one answer that begins with number `first`; what was not there yet is asked for again."""
        buffer = self.buffer
        records = words.reshape(-1, buffer.words)
        stamped = records_of(records, buffer)
        expected = (first + np.arange(len(records), dtype=np.int64)) % buffer.modulus
        there = stamped.sequence == expected
        missing = np.flatnonzero(~there)
        upto = len(records)
        if missing.size:
            later = np.flatnonzero(there[missing[0] :])
            self._tries += 1
            if self._tries < TRIES and not later.size:
                upto = int(missing[0])
        if upto:
            self._last, self._tries = int(expected[upto - 1]), self._tries if upto < len(records) else 0
        there[upto:] = False
        if not there.any():
            return None
        return Stamped(
            sequence=stamped.sequence[there],
            time_ns=stamped.time_ns[there],
            code=stamped.code[there],
            state=stamped.state[there],
        )

    def _runs(self, last: int, count: int) -> Iterator[tuple[int, Block]]:
        buffer = self.buffer
        while count > 0:
            first = (last + 1) % buffer.modulus
            slot = first % buffer.records
            run = min(count, buffer.records - slot, self._most)
            yield first, self._block(buffer.address + slot * buffer.words, run * buffer.words)
            last, count = (last + run) % buffer.modulus, count - run

    def _block(self, start: int, count: int) -> Block:
        return Block(device=self.buffer.device, table=self.buffer.table, start=start, count=count, at=0, points=NOBODY)


def records_of(records: Image, buffer: EventBuffer) -> Stamped:
    """Records (n, words) as arrays, whatever their numbers say."""
    epoch_ns = round(datetime(buffer.epoch_year, 1, 1, tzinfo=UTC).timestamp()) * NS_PER_S
    # a damaged record may say any second; that it fits int64 is all that is asked of it here
    seconds = np.minimum(_numbers(records, buffer.seconds, buffer), np.uint64(2**33)).astype(np.int64)
    time_ns = epoch_ns + seconds * NS_PER_S
    if buffer.fraction is not None:
        part = np.minimum(_numbers(records, buffer.fraction, buffer), np.uint64(buffer.fraction_per_s - 1))
        time_ns = time_ns + part.astype(np.int64) * NS_PER_S // buffer.fraction_per_s
    return Stamped(
        sequence=_numbers(records, buffer.sequence, buffer).astype(np.int64),
        time_ns=time_ns,
        code=_numbers(records, buffer.code, buffer).astype(np.int64),
        state=_numbers(records, buffer.state, buffer).astype(np.int64),
    )


def _numbers(records: Image, field: BufferField, buffer: EventBuffer) -> NDArray[np.uint64]:
    """One unsigned number a record."""
    own = records[:, field.at : field.at + WORDS[field.type]].astype(">u2")
    if buffer.word_order == "little":
        own = own[:, ::-1]
    return np.ascontiguousarray(own).view(DTYPES[field.type])[:, 0].astype(np.uint64)


def written(stamped: Stamped, buffer: EventBuffer) -> Image:
    """The other way, for a device that is simulated: records (n, words) of these events."""
    records = np.zeros((len(stamped.sequence), buffer.words), dtype=np.uint16)
    epoch_ns = round(datetime(buffer.epoch_year, 1, 1, tzinfo=UTC).timestamp()) * NS_PER_S
    since_ns = stamped.time_ns - epoch_ns
    fields = {
        "sequence": stamped.sequence,
        "seconds": since_ns // NS_PER_S,
        "fraction": since_ns % NS_PER_S * buffer.fraction_per_s // NS_PER_S,
        "code": stamped.code,
        "state": stamped.state,
    }
    for name, numbers in fields.items():
        field: BufferField | None = getattr(buffer, name)
        if field is not None:
            records[:, field.at : field.at + WORDS[field.type]] = words_of_number(numbers, field, buffer)
    return records


def words_of_number(numbers: NDArray[np.int64], field: BufferField, buffer: EventBuffer) -> Image:
    """Whole numbers (n) as their registers (n, words)."""
    words = numbers.astype(DTYPES[field.type])[:, None].view(">u2").astype(np.uint16)
    return words[:, ::-1] if buffer.word_order == "little" else words

"""Event buffers: a ring of time-stamped records that a safety system keeps of its own inputs, trips and valves."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from plantsafe.plant.model.entry import Entry, Found, FunctionName, PointName, Ruled

REGISTERS = {"uint16": 1, "uint32": 2}


class BufferField(Entry):
    """Where a record of the buffer has one of its numbers, an unsigned whole one."""

    at: int = Field(ge=0, le=124)
    """Register of the record that it begins with, 0 for the first."""
    type: Literal["uint16", "uint32"] = "uint16"
    """How many registers it has."""


class EventCode(Entry):
    """What a code in the buffer means."""

    code: int = Field(ge=0, le=65535)
    """The code, as the device writes it."""
    point: PointName
    """Point that the event is about: its new value, or for a transmitter 1 beyond its set point, 0 when it is back."""
    function: FunctionName | None = None
    """Function whose set point is meant, where a transmitter has several; without it, every function that it is in."""


class EventBuffer(Ruled):
    """A ring of records in the registers of a Modbus device; it is only read, nothing is acknowledged.

    The record with sequence number n is at n modulo `records`; each record carries its own number.
    """

    device: int = Field(default=1, ge=0, le=255)
    """Unit identifier of the device."""
    table: Literal["input", "holding"] = "input"
    """Which table of the device it is in."""
    newest: int = Field(ge=0, le=65535)
    """First register of the sequence number of the newest record; 0 in it means no record yet."""
    address: int = Field(ge=0, le=65535)
    """First register of the ring, zero-based."""
    records: int = Field(ge=2)
    """How many records the ring has."""
    words: int = Field(ge=4, le=125)
    """Registers of one record."""
    word_order: Literal["big", "little"] = "big"
    """Of the registers of a number."""
    sequence: BufferField
    """Its sequence number; the register of the newest has the same type."""
    seconds: BufferField
    """Its UTC time in whole seconds from `epoch_year`."""
    fraction: BufferField | None = None
    """What the time is past the second."""
    fraction_per_s: int = Field(default=1000, ge=1, le=1_000_000_000)
    """How many steps of the fraction are a second: 1000 for milliseconds."""
    epoch_year: int = Field(default=1970, ge=1900, le=2100)
    """The seconds count from the beginning of this year, in UTC."""
    code: BufferField
    """What the event is about."""
    state: BufferField
    """The state that began."""
    resolution_s: float = Field(gt=0, le=1)
    """How finely the device tells times apart; events closer together have no order."""
    codes: tuple[EventCode, ...] = Field(min_length=1)
    """What the codes mean; the journal keeps other codes as numbers."""

    @property
    def modulus(self) -> int:
        """Where sequence numbers begin anew."""
        return 1 << (16 * REGISTERS[self.sequence.type])

    def own_mistakes(self) -> Iterator[Found]:
        """Fields inside of the record, a ring inside of the table, numbers that go on around the ring."""
        for name in ("sequence", "seconds", "fraction", "code", "state"):
            field = getattr(self, name)
            if field is not None and field.at + REGISTERS[field.type] > self.words:
                wrong = f"{name} reaches past the {self.words} registers of a record"
                yield Found((name,), wrong, "correct at, or words", "register")
        if self.address + self.records * self.words > 65536:
            yield Found(("records",), "the ring reaches past the last register, 65535", "correct it", "register")
        if self.records > self.modulus // 4 or self.modulus % self.records:
            wrong = f"numbers of {self.sequence.type} do not go on around a ring of {self.records}"
            yield Found(("records",), wrong, "write a power of two, as the device has", "register")
        seen: set[int] = set()
        for i, one in enumerate(self.codes):
            if one.code in seen:
                yield Found(("codes", i, "code"), f"code {one.code} is there already", "give each code once", "unique")
            seen.add(one.code)

"""From the ranges that a device lets be read to the rows of a first point table: one a register or bit."""

from collections.abc import Iterable

from connectors.modbus.map import BIT_TABLES
from connectors.modbus.probe import ReadableRange

PREFIX = {"coil": "CO", "discrete": "DI", "holding": "HR", "input": "IR"}
WORDS = {
    "coil": ("Coil", "线圈"), "discrete": ("Discrete input", "离散输入"),
    "holding": ("Holding register", "保持寄存器"), "input": ("Input register", "输入寄存器"),
}  # fmt: skip
LAST_WORD = 65535  # of a register of 16 bits


def first_points(ranges: Iterable[ReadableRange], *, source: str, unit: str) -> list[dict[str, str]]:
    """Each register as an unsigned number, each bit as a state, until a person says what it measures."""
    return [
        _row(found, address, source, unit)
        for found in ranges
        for address in range(found.start, found.start + found.count)
    ]


def _row(found: ReadableRange, address: int, source: str, unit: str) -> dict[str, str]:
    bit = found.table in BIT_TABLES
    en, zh = WORDS[found.table]
    device = "" if found.device == 1 else f"{found.device}-"
    return {
        "name": f"{PREFIX[found.table]}-{device}{address}",
        "title.en": f"{en} {address}",
        "title.zh": f"{zh} {address}",
        "unit": unit,
        "source": source,
        "kind": "state" if bit else "count",
        "range.low": "0",
        "range.high": "1" if bit else str(LAST_WORD),
        "modbus.table": found.table,
        "modbus.address": str(address),
        "modbus.device": str(found.device),
        "modbus.type": "bool" if bit else "uint16",
    }

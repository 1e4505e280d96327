"""The same assertions on every Modbus server: libmodbus in C, pymodbus, the simulator that comes with it, and ours."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from modbus_peers import CONTENTS, EVERYTHING, PEERS, N, plant_of

from connectors.modbus import ModbusSource, ReadableRange, probe
from connectors.modbus.map import READ_FUNCTION
from plantsafe.clock import Clock
from plantsafe.errors import SourceError
from plantsafe.frame import BAD_NODE_ID_UNKNOWN, is_good
from plantsafe.source import Columns

ReadUntil = Callable[..., Awaitable[Columns]]
PLACES: list[dict[str, Any]] = [
    *({"table": "holding", "address": i} for i in range(N)),
    {"table": "holding", "address": 7, "type": "uint32"},
    {"table": "holding", "address": 7, "type": "uint32", "word_order": "little"},
    {"table": "holding", "address": 7, "type": "uint32", "byte_order": "little"},
    {"table": "holding", "address": 7, "type": "uint32", "word_order": "little", "byte_order": "little"},
    {"table": "holding", "address": 5, "bit": 2},
]
TRUE = [*range(N), 0x00070008, 0x00080007, 0x07000800, 0x08000700, 1]


@pytest.fixture(params=list(PEERS))
async def port(
    request: pytest.FixtureRequest, program: Callable[..., str], tmp_path: Path, unused_tcp_port: int
) -> AsyncIterator[int]:
    async with PEERS[request.param](unused_tcp_port, tmp_path, program) as port:
        yield port


async def test_all_values_are_right_in_the_fewest_requests(port: int, read_until: ReadUntil, clock: Clock) -> None:
    source = ModbusSource(plant_of(PLACES), "SIS", f"127.0.0.1:{port}")
    await source.open()
    columns = await read_until(source, lambda columns: columns.answered)
    assert columns.value.tolist() == TRUE
    assert bool(is_good(columns.status).all())
    asked = source.counts().requests
    assert (await source.read(clock)).value.tolist() == TRUE
    assert source.counts().requests - asked == len(source.blocks) == 5
    await source.close()


async def test_all_four_tables_are_read(port: int, read_until: ReadUntil) -> None:
    source = ModbusSource(plant_of(EVERYTHING), "SIS", f"127.0.0.1:{port}")
    await source.open()
    columns = await read_until(source, lambda columns: columns.answered)
    assert bool(is_good(columns.status).all())
    assert columns.value.tolist() == [value for table in CONTENTS.values() for value in table]
    await source.close()


async def test_addresses_past_the_end_are_bad_and_cost_no_valid_value(
    port: int, read_until: ReadUntil, clock: Clock
) -> None:
    beyond = [{"table": "holding", "address": i} for i in (N, N + 1, N + 7)]
    source = ModbusSource(plant_of(PLACES + beyond), "SIS", f"127.0.0.1:{port}")
    await source.open()
    await read_until(source, lambda columns: columns.answered)
    columns = await source.read(clock)
    assert columns.value[:-3].tolist() == TRUE
    assert columns.status[-3:].tolist() == [BAD_NODE_ID_UNKNOWN] * 3
    await source.close()


async def test_probe_finds_the_registers(port: int) -> None:
    report = await probe("127.0.0.1", port, last=999, requests_per_s=1e6)
    found = {readable.table: readable for readable in report.ranges}
    assert list(found) == [readable.table for readable in report.ranges] == list(READ_FUNCTION)
    for table in ("holding", "input"):
        assert found[table] == ReadableRange(device=1, table=table, start=0, count=N)
    for table in ("coil", "discrete"):  # bits in registers: the rest of the last register may be let be read
        assert found[table].start == 0
        assert N <= found[table].count < N + 16
    assert report.complete


@pytest.mark.parametrize("port", ["libmodbus"], indirect=True)
async def test_several_requests_under_way_give_the_same(port: int, read_until: ReadUntil, clock: Clock) -> None:
    source = ModbusSource(plant_of(PLACES), "SIS", f"127.0.0.1:{port}", depth=8)
    await source.open()
    assert (await read_until(source, lambda columns: columns.answered)).value.tolist() == TRUE
    for _ in range(20):
        assert (await source.read(clock)).value.tolist() == TRUE
    await source.close()


@pytest.mark.parametrize("port", ["ours"], indirect=True)
async def test_what_the_server_bears_is_kept(port: int, read_until: ReadUntil, clock: Clock) -> None:
    bears = {"registers_per_read": 100, "requests_per_s": 50}
    source = ModbusSource(plant_of(PLACES[:N], limits=bears), "SIS", f"127.0.0.1:{port}")
    await source.open()
    await read_until(source, lambda columns: columns.answered)
    counts = [block.count for block in source.blocks]
    assert (max(counts), sum(counts), len(counts)) == (100, N, 7)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    assert (await source.read(clock)).answered
    assert loop.time() - began_s >= 5 * 0.02 * 0.95
    await source.close()


@pytest.mark.parametrize("port", ["ours"], indirect=True)
async def test_fast_group_is_read_alone_over_the_same_socket(port: int, read_until: ReadUntil, clock: Clock) -> None:
    plant = plant_of(PLACES[:N], fast_groups=[{"name": "trip", "period_s": 0.1, "points": ["P9", "P4"]}])
    source, group = (ModbusSource(plant, "SIS", f"127.0.0.1:{port}", group=name) for name in (None, "trip"))
    await source.open()
    await group.open()
    columns = await read_until(group, lambda columns: columns.answered)
    assert (columns.value.tolist(), group.points.tolist()) == ([9.0, 4.0], [9, 4])
    assert (await read_until(source, lambda columns: columns.answered)).value.tolist() == TRUE[:N]
    assert source._line is group._line
    await source.close()
    await group.close()


def test_group_or_depth_that_cannot_be_is_refused() -> None:
    with pytest.raises(SourceError, match="has no fast group slow"):
        ModbusSource(plant_of(PLACES[:2]), "SIS", group="slow")
    with pytest.raises(SourceError, match="17 requests under way"):
        ModbusSource(plant_of(PLACES[:2]), "SIS", depth=17)

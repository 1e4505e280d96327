"""The same reads against servers that others wrote: libmodbus in C, pymodbus; and ours."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from connectors.modbus import ModbusSource, ReadableRange, probe
from plantsafe.clock import Clock
from plantsafe.errors import SourceError
from plantsafe.frame import BAD_NODE_ID_UNKNOWN, is_good
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.source import Columns
from simulation.servers import ModbusServer

ReadUntil = Callable[..., Awaitable[Columns]]
N = 600  # holding registers, each holding its address
TEXT = {"en": "t", "zh": "t"}
PLACES: list[dict[str, Any]] = [
    *({"table": "holding", "address": i} for i in range(N)),
    {"table": "holding", "address": 7, "type": "uint32"},
    {"table": "holding", "address": 7, "type": "uint32", "word_order": "little"},
    {"table": "holding", "address": 7, "type": "uint32", "byte_order": "little"},
    {"table": "holding", "address": 7, "type": "uint32", "word_order": "little", "byte_order": "little"},
    {"table": "holding", "address": 5, "bit": 2},
]
TRUE = [*range(N), 0x00070008, 0x00080007, 0x07000800, 0x08000700, 1]


def plant_of(places: list[dict[str, Any]], **source: Any) -> Plant:
    document = {
        "schema": 1, "author": "t", "site": {"name": "s", "title": TEXT},
        "workshops": [{"name": "W", "title": TEXT, "head_count_max": 1}],
        "units": [{"name": "U", "title": TEXT, "workshop": "W", "process": "utility"}],
        "sources": [{"name": "SIS", "title": TEXT, "protocol": "modbus", "endpoint": "tcp://h:1", "timeout_s": 1,
                     "heartbeat": "P0", "consequence": TEXT, "action": TEXT, **source}],
        "points": [{"name": f"P{i}", "title": TEXT, "unit": "U", "source": "SIS", "kind": "count", "modbus": place}
                   for i, place in enumerate(places)],
    }  # fmt: skip
    return compile_plant(PlantFile.model_validate(document))


@pytest.fixture(params=["libmodbus", "pymodbus", "ours"])
async def port(
    request: pytest.FixtureRequest, program: Callable[..., str], tmp_path: Path, unused_tcp_port: int
) -> AsyncIterator[int]:
    if request.param == "libmodbus":
        code = request.getfixturevalue("shared") / "peers" / "libmodbus" / "server.c"
        compiler, config = program("gcc"), program("pkg-config")
        asked = await asyncio.to_thread(
            subprocess.run, [config, "--cflags", "--libs", "libmodbus"], capture_output=True, text=True, check=False
        )
        if asked.returncode:
            pytest.skip("needs the Debian package libmodbus-dev")
        binary = str(tmp_path / "server")
        await asyncio.to_thread(subprocess.run, [compiler, str(code), "-o", binary, *asked.stdout.split()], check=True)
        process = await asyncio.create_subprocess_exec(
            binary, str(unused_tcp_port), str(N), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert (await process.stdout.readline()).strip() == b"READY"
        yield unused_tcp_port
        process.kill()
        await process.wait()
    elif request.param == "pymodbus":
        device = SimDevice(1, simdata=[SimData(0, values=list(range(N)), datatype=DataType.REGISTERS)])
        server = ModbusTcpServer(device, address=("127.0.0.1", unused_tcp_port))
        await server.serve_forever(background=True)
        yield unused_tcp_port
        await server.shutdown()
    else:
        ours = ModbusServer(plant_of(PLACES[:N]), "SIS")
        await ours.start()
        await ours.update(np.arange(float(N)), np.zeros(N, dtype=np.uint32))
        yield ours.port
        await ours.stop()


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
    report = await probe("127.0.0.1", port, tables=["holding"], last=999, requests_per_s=1e6)
    assert report.ranges == [ReadableRange(device=1, table="holding", start=0, count=N)]


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
    assert [block.count for block in source.blocks] == [100] * 6
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

"""Programs that this project did not write read the simulated servers, and the connector reads theirs."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from connectors.modbus import ModbusSource
from plantsafe.frame import GOOD
from plantsafe.plant import Plant
from plantsafe.source import Columns
from simulation.servers import ModbusServer, OpcUaServer

ReadUntil = Callable[..., Awaitable[Columns]]
VALUE = np.array([61.25, -3.5, 55.55, -12.3, 4294967295.0, -70000.0, 1.0, 0.0, 1.0, 0.0, 1.0])
BIN = Path(sys.executable).parent


async def output_of(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    text, _ = await asyncio.wait_for(process.communicate(), 30.0)
    return text.decode()


@pytest.fixture
async def safety(plant: Plant) -> AsyncIterator[ModbusServer]:
    server = ModbusServer(plant, "SIS")
    await server.start()
    await server.update(VALUE, np.zeros(11, dtype=np.uint32))
    yield server
    await server.stop()


def polled(text: str) -> list[str]:
    """The values that mbpoll prints, one line each: `[1]: 	 61.25`."""
    return re.findall(r"^\[\d+\]:\s+(\S+)", text, flags=re.MULTILINE)


async def test_asyncua_tools_see_the_points_and_their_values(plant: Plant) -> None:
    server = OpcUaServer(plant, "DCS")
    await server.start()
    await server.update(np.array([61.5, 101.25, 450.0, 7.0]), np.zeros(4, dtype=np.uint32), np.zeros(4, dtype=np.int64))
    node = f"ns={server._nodes[0].NamespaceIndex};s=TI-1"
    folder = f"ns={server._nodes[0].NamespaceIndex};s=unit/R1"
    read, listed = await asyncio.gather(
        output_of(str(BIN / "uaread"), "-u", server.endpoint, "-n", node),
        output_of(str(BIN / "uals"), "-u", server.endpoint, "-n", folder),
    )
    await server.stop()
    assert read.split()[-1] == "61.5"
    assert "TI-1" in listed
    assert "PI-1" in listed


async def test_mbpoll_reads_the_same_values(safety: ModbusServer, program: Callable[..., str]) -> None:
    mbpoll = [program("mbpoll"), "-m", "tcp", "-p", str(safety.port), "-a", "1", "-1", "-0"]
    floats = await output_of(*mbpoll, "-t", "3:float", "-B", "-r", "0", "-c", "1", "127.0.0.1")
    level = await output_of(*mbpoll, "-t", "3", "-r", "10", "-c", "1", "127.0.0.1")
    count = await output_of(*mbpoll, "-t", "4:hex", "-r", "102", "-c", "2", "127.0.0.1")
    inputs = await output_of(*mbpoll, "-t", "1", "-r", "5", "-c", "1", "127.0.0.1")
    coils = await output_of(*mbpoll, "-t", "0", "-r", "0", "-c", "1", "127.0.0.1")
    hole = await output_of(*mbpoll, "-t", "3", "-r", "5", "-c", "1", "127.0.0.1")
    assert [polled(text) for text in (floats, level, count, inputs, coils)] == [
        ["61.25"], ["5555"], ["0xFFFF", "0xFFFF"], ["1"], ["1"],
    ]  # fmt: skip
    assert "Illegal data address" in hole


async def test_mbpoll_cannot_write(safety: ModbusServer, program: Callable[..., str]) -> None:
    text = await output_of(
        program("mbpoll"),
        "-m",
        "tcp",
        "-p",
        str(safety.port),
        "-a",
        "1",
        "-0",
        "-t",
        "4",
        "-r",
        "100",
        "127.0.0.1",
        "7",
    )
    assert "Illegal function" in text


LIBMODBUS_SERVER = r"""
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    modbus_mapping_t *map = modbus_mapping_new(32, 32, 107, 12);
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    map->tab_input_registers[0] = 0x4275; /* 61.25, IEEE 754: 0x42750000, high word first */
    map->tab_input_registers[3] = 0xC060; /* -3.5: 0xC0600000, low word first */
    map->tab_input_registers[10] = 5555;
    map->tab_registers[100] = (uint16_t)-323;
    map->tab_registers[102] = map->tab_registers[103] = 0xFFFF;
    map->tab_registers[104] = 0xEE90; map->tab_registers[105] = 0xFFFE;
    map->tab_registers[106] = 1 << 3;
    map->tab_input_bits[5] = 1; map->tab_bits[0] = 1;
    int listening = modbus_tcp_listen(ctx, 1);
    if (listening < 0) return 1;
    puts("ready"); fflush(stdout);
    for (;;) {
        modbus_tcp_accept(ctx, &listening);
        for (int n; (n = modbus_receive(ctx, query)) >= 0;) if (n > 0) modbus_reply(ctx, query, n, map);
    }
}
"""


async def test_connector_reads_a_libmodbus_server(
    plant: Plant, program: Callable[..., str], read_until: ReadUntil, tmp_path: Path, unused_tcp_port: int
) -> None:
    flags = (await output_of(program("pkg-config"), "--cflags", "--libs", "libmodbus")).split()
    if not any("modbus" in flag and flag.startswith("-l") for flag in flags):
        pytest.skip("needs the Debian package libmodbus-dev")
    (tmp_path / "server.c").write_text(LIBMODBUS_SERVER)
    binary = str(tmp_path / "server")
    complaints = await output_of(program("gcc"), str(tmp_path / "server.c"), "-o", binary, *flags)
    assert not complaints
    server = await asyncio.create_subprocess_exec(binary, str(unused_tcp_port), stdout=subprocess.PIPE)
    assert (await server.stdout.readline()).strip() == b"ready"
    source = ModbusSource(plant, "SIS", f"tcp://127.0.0.1:{unused_tcp_port}")
    await source.open()
    columns = await read_until(source, lambda columns: columns.answered)
    await source.close()
    server.terminate()
    await server.wait()
    assert set(columns.status.tolist()) == {GOOD}
    assert columns.value == pytest.approx(VALUE)

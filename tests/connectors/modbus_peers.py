"""Modbus servers with the same contents: libmodbus in C, pymodbus, the simulator that comes with it, and ours.

Each holds N addresses a table: holding i holds i, input i holds 3 i, coil i is on where 3 divides i, discrete where 5.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from simulation.servers import ModbusServer

N = 608  # whole bytes and registers of bits: several servers hold bits in registers
FENCE = 1008  # addresses that the simulator keeps a table: it does not refuse what lies in the next one
TEXT = {"en": "t", "zh": "t"}
CONTENTS: dict[str, list[int]] = {
    "coil": [int(i % 3 == 0) for i in range(N)],
    "discrete": [int(i % 5 == 0) for i in range(N)],
    "holding": list(range(N)),
    "input": [3 * i for i in range(N)],
}
EVERYTHING: list[dict[str, Any]] = [
    {"table": table, "address": i, "type": "bool" if table in ("coil", "discrete") else "uint16"}
    for table in CONTENTS
    for i in range(N)
]

LIBMODBUS = r"""
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv) {
    int n = atoi(argv[2]);
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    modbus_mapping_t *map = modbus_mapping_new(n, n, n, n);
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    for (int i = 0; i < n; i++) {
        map->tab_registers[i] = i; map->tab_input_registers[i] = 3 * i;
        map->tab_bits[i] = i % 3 == 0; map->tab_input_bits[i] = i % 5 == 0;
    }
    int listening = modbus_tcp_listen(ctx, 8), most = listening;
    if (listening < 0) return 1;
    fd_set all; FD_ZERO(&all); FD_SET(listening, &all);
    puts("READY"); fflush(stdout);
    for (;;) {
        fd_set ready = all;
        if (select(most + 1, &ready, 0, 0, 0) < 0) return 1;
        for (int fd = 0; fd <= most; fd++) if (FD_ISSET(fd, &ready)) {
            if (fd == listening) {
                int client = accept(listening, 0, 0);
                FD_SET(client, &all); if (client > most) most = client;
                continue;
            }
            modbus_set_socket(ctx, fd);
            int length = modbus_receive(ctx, query);
            if (length > 0) modbus_reply(ctx, query, length, map);
            else if (length < 0) { close(fd); FD_CLR(fd, &all); }
        }
    }
}
"""


def plant_of(places: list[dict[str, Any]], **source: Any) -> Plant:
    """A plant of one source with a point P0, P1, ... a place."""
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


@asynccontextmanager
async def libmodbus(port: int, folder: Path, program: Callable[..., str]) -> AsyncIterator[int]:
    """A server on the C library of that name."""
    compiler, config = program("gcc"), program("pkg-config")
    asked = await asyncio.to_thread(
        subprocess.run, [config, "--cflags", "--libs", "libmodbus"], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        reason = "needs the Debian package libmodbus-dev"
        pytest.fail(reason) if os.environ.get("PLANTSAFE_REQUIRE_PACKAGES") == "1" else pytest.skip(reason)
    code, binary = folder / "server.c", str(folder / "server")
    await asyncio.to_thread(code.write_text, LIBMODBUS)
    await asyncio.to_thread(subprocess.run, [compiler, str(code), "-o", binary, *asked.stdout.split()], check=True)
    process = await asyncio.create_subprocess_exec(binary, str(port), str(N), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip() == b"READY"
    yield port
    process.kill()
    await process.wait()


@asynccontextmanager
async def pymodbus_server(port: int, folder: Path, program: Callable[..., str]) -> AsyncIterator[int]:
    """A server of pymodbus over its simulated device."""
    bits, words = (
        [[SimData(0, values=[kind(value) for value in CONTENTS[table]], datatype=datatype)] for table in tables]
        for tables, kind, datatype in (
            (("coil", "discrete"), bool, DataType.BITS),
            (("holding", "input"), int, DataType.REGISTERS),
        )
    )
    server = ModbusTcpServer(SimDevice(1, simdata=(*bits, *words)), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    yield port
    await server.shutdown()


@asynccontextmanager
async def pymodbus_simulator(port: int, folder: Path, program: Callable[..., str]) -> AsyncIterator[int]:
    """The program `pymodbus.simulator`, in a process of its own."""
    registers = {  # as it lays its tables one behind the other; 16 bits a register
        name: [sum(bit << k for k, bit in enumerate(values[i : i + 16])) for i in range(0, N, 16)]
        if name in ("coil", "discrete") else values
        for name, values in ((name, CONTENTS[name]) for name in ("coil", "discrete", "input", "holding"))
    }  # fmt: skip
    rooms = {name: -(-FENCE // 16) if name in ("coil", "discrete") else FENCE for name in registers}
    starts = dict(zip(registers, itertools.accumulate([0, *rooms.values()]), strict=False))
    cells = [
        {"addr": starts[name] + i, "value": value} for name in registers for i, value in enumerate(registers[name])
    ]
    fences = [[starts[name] + len(registers[name]), starts[name] + rooms[name] - 1] for name in registers]
    kinds = ("bits", "uint16", "uint32", "float32")
    sizes = {f"{short} size": rooms[name] for short, name in
             (("co", "coil"), ("di", "discrete"), ("ir", "input"), ("hr", "holding"))}  # fmt: skip
    device = {
        "setup": {
            **sizes, "shared blocks": False, "type exception": False,
            "defaults": {"value": dict.fromkeys(kinds, 0) | {"string": " "},
                         "action": dict.fromkeys((*kinds, "string"))},
        },
        "invalid": fences, "write": [], "bits": [], "uint16": cells, "uint32": [], "float32": [], "string": [],
        "repeat": [],
    }  # fmt: skip
    server = {"comm": "tcp", "host": "127.0.0.1", "port": port, "framer": "socket", "device_id": 1}
    setup = folder / "setup.json"
    text = json.dumps({"server_list": {"server": server}, "device_list": {"device": device}})
    await asyncio.to_thread(setup.write_text, text)
    with (folder / "simulator.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "pymodbus.simulator"), "--json_file", str(setup),
            "--modbus_server", "server", "--modbus_device", "device", "--http_host", "127.0.0.1", "--http_port", "0",
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not await _listens(port):
                assert process.returncode is None, (folder / "simulator.log").read_text()[-2000:]
                await asyncio.sleep(0.05)
        yield port
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@asynccontextmanager
async def ours(port: int, folder: Path, program: Callable[..., str]) -> AsyncIterator[int]:
    """The simulated safety system."""
    server = ModbusServer(plant_of(EVERYTHING), "SIS", port)
    await server.start()
    values = np.array([value for table in CONTENTS.values() for value in table], dtype=np.float64)
    await server.update(values, np.zeros(4 * N, dtype=np.uint32))
    yield server.port
    await server.stop()


PEERS: dict[str, Callable[[int, Path, Callable[..., str]], AbstractAsyncContextManager[int]]] = {
    "libmodbus": libmodbus, "pymodbus": pymodbus_server, "pymodbus simulator": pymodbus_simulator, "ours": ours,
}  # fmt: skip

"""Modbus acquisition against a libmodbus server and pymodbus' client: processor time and wall time a request.

python benchmarks/acquisition_modbus.py SERVER.c [ROUNDS]

SERVER.c is a libmodbus server that takes PORT and NREGS and prints READY; it is compiled into a temporary folder with
gcc and the Debian package libmodbus-dev. All clients run in one process against the same server, in turn within each
round; medians over the rounds and their ratios are printed. The connector does more than the bare clients: it decodes
20,000 values to engineering units with statuses, once a read; its transport alone is measured beside it.
"""

import asyncio
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import structlog
from pymodbus.client import AsyncModbusTcpClient

from connectors.modbus import ModbusSource
from connectors.modbus.blocks import BlockLimits, blocks
from connectors.modbus.client import ReadOnlyConnection
from connectors.modbus.map import Place, map_of
from connectors.modbus.plan import ReadPlan
from plantsafe.clock import Clock
from plantsafe.frame import is_good
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import Plant, compile_plant

N_REGISTERS = 20_000
REQUESTS = N_REGISTERS // 125
DEPTH = 8
TEXT = {"en": "t", "zh": "t"}


def plant_of(places: list[dict[str, object]], port: int) -> Plant:
    document = {
        "schema": 1,
        "author": "benchmark",
        "site": {"name": "s", "title": TEXT},
        "workshops": [{"name": "W", "title": TEXT, "head_count_max": 1}],
        "units": [{"name": "U", "title": TEXT, "workshop": "W", "process": "utility"}],
        "sources": [
            {"name": "SIS", "title": TEXT, "protocol": "modbus", "endpoint": f"tcp://127.0.0.1:{port}", "timeout_s": 5,
             "heartbeat": "P0", "consequence": TEXT, "action": TEXT}
        ],
        "points": [
            {"name": f"P{i}", "title": TEXT, "unit": "U", "source": "SIS", "kind": "count", "modbus": place}
            for i, place in enumerate(places)
        ],
    }  # fmt: skip
    return compile_plant(PlantFile.model_validate(document))


async def timed(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Processor and wall microseconds a request."""
    cpu_ns, wall_ns = time.process_time_ns(), time.perf_counter_ns()
    await work()
    return (time.process_time_ns() - cpu_ns) / REQUESTS / 1e3, (time.perf_counter_ns() - wall_ns) / REQUESTS / 1e3


async def connection_to(port: int) -> ReadOnlyConnection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: ReadOnlyConnection(print), "127.0.0.1", port)
    return connection


async def requests(port: int, rounds: int) -> None:
    registers = map_of(
        np.arange(N_REGISTERS),
        tuple(f"P{i}" for i in range(N_REGISTERS)),
        [Place(table="holding", address=i) for i in range(N_REGISTERS)],
    )
    planned = blocks(registers)
    assert len(planned) == REQUESTS
    pymodbus = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0)
    await pymodbus.connect()
    connection = await connection_to(port)
    plant = plant_of([{"table": "holding", "address": i} for i in range(N_REGISTERS)], port)
    clock = Clock.system()

    async def bare_pymodbus() -> None:
        for start in range(0, N_REGISTERS, 125):
            answer = await pymodbus.read_holding_registers(start, count=125, device_id=1)
            assert len(answer.registers) == 125

    async def transport(depth: int) -> None:
        later_s = asyncio.get_running_loop().time() + 5
        exchange = await connection.ask(planned, depth=depth, timeout_s=1.0, deadline_s=later_s)
        assert all(isinstance(answer, bytes) for answer in exchange.answers), exchange.failure

    async def connector(source: ModbusSource) -> None:
        columns = await source.read(clock)
        assert columns.answered
        assert is_good(columns.status).all()

    kinds: dict[str, Callable[[], Awaitable[object]]] = {
        "pymodbus": bare_pymodbus,
        "transport, depth 1": lambda: transport(1),
        f"transport, depth {DEPTH}": lambda: transport(DEPTH),
    }
    figures: dict[str, list[tuple[float, float]]] = {}
    for depth in (1, DEPTH):
        source = ModbusSource(plant, "SIS", depth=depth)
        await source.open()
        while not (await source.read(clock)).answered:  # noqa: ASYNC110  it is asked until the connection is there
            await asyncio.sleep(0.01)
        for _ in range(rounds):
            for name, work in {**kinds, f"connector, depth {depth}": lambda source=source: connector(source)}.items():
                figures.setdefault(name, []).append(await timed(work))
        await source.close()
    pymodbus.close()
    connection.close()

    base_cpu, base_wall = (statistics.median(column) for column in zip(*figures["pymodbus"], strict=True))
    print(f"{REQUESTS} requests of 125 registers, medians of {rounds} rounds or more, a request:")
    print(f"{'':24}{'CPU us':>8}{'ratio':>7}{'wall us':>9}{'ratio':>7}")
    for name, rows in figures.items():
        cpu, wall = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"{name:24}{cpu:8.1f}{cpu / base_cpu:7.2f}{wall:9.1f}{wall / base_wall:7.2f}")


def fewest(addresses: list[int], limits: BlockLimits) -> int:
    """The fewest requests that the same limits allow, by trying every cut (single registers)."""
    best = [0] + [10**9] * len(addresses)
    for end in range(1, len(addresses) + 1):
        for begin in range(end - 1, -1, -1):
            count = addresses[end - 1] - addresses[begin] + 1
            if count > limits.words or (
                begin + 1 < end and addresses[begin + 1] - addresses[begin] - 1 > limits.gap_words
            ):
                break
            if 1 - (end - begin) / count <= limits.waste:
                best[end] = min(best[end], best[begin] + 1)
    return best[-1]


def merging() -> None:
    """Requests of a read against the fewest, on maps with holes; and what an illegal address inside a block costs."""
    random = np.random.default_rng(7)
    print("requests a read, ratio to the fewest that the limits allow, and to the fewest of all (125 words each):")
    for share in (0.9, 0.7, 0.5, 0.3):
        addresses = np.flatnonzero(random.random(4000) < share).tolist()
        registers = map_of(
            np.arange(len(addresses)),
            tuple(f"P{i}" for i in range(len(addresses))),
            [Place(table="holding", address=i) for i in addresses],
        )
        planned, least = len(blocks(registers)), fewest(addresses, BlockLimits())
        free = fewest(addresses, BlockLimits(gap_words=125, waste=1.0))
        print(f"  {share:.0%} of 4,000 used: {planned:4}  {planned / least:.2f}  {planned / free:.2f}")
        lacks = set(random.choice(addresses, 20, replace=False).tolist())
        plan, lost = ReadPlan(registers), set()
        for _ in range(4):
            lost, asked = read_of(plan, addresses, lacks)
        print(f"     with 20 illegal addresses: {asked} requests, valid values lost: {len(lost - lacks)}")


def read_of(plan: ReadPlan, addresses: list[int], lacks: set[int]) -> tuple[set[int], int]:
    """The addresses that a read does not bring, of a device that refuses blocks with an illegal address; requests."""
    came, asked, waiting = set(), 0, plan.begin()
    while waiting:
        block = waiting.pop()
        asked += 1
        if lacks.intersection(range(block.start, block.start + block.count)):
            waiting.extend(plan.refused(block, 2))
        else:
            plan.answered(block)
            came.update(addresses[point] for point in block.points)
    plan.end(())
    return set(addresses) - came, asked


def main() -> None:
    """Compile the server, run both parts, print."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as folder:
        binary = str(Path(folder) / "server")
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "libmodbus"], check=True, capture_output=True, text=True
        ).stdout.split()
        subprocess.run(["gcc", "-O2", sys.argv[1], "-o", binary, *flags], check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen([binary, str(port), str(N_REGISTERS)], stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            assert server.stdout.readline().strip() == b"READY"
            asyncio.run(requests(port, rounds))
        finally:
            server.kill()
            server.wait()
    merging()


if __name__ == "__main__":
    main()

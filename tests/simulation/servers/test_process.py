"""The simulated plant as a process: ready by a line of JSON, told of faults by its socket, gone with its parent."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import simulation
from connectors.modbus import ModbusSource
from connectors.opcua import OpcUaSource
from plantsafe.clock import Clock
from plantsafe.errors import SimulationError, SourceError
from plantsafe.plant import load_plant
from plantsafe.source import Columns, Source
from simulation.control_channel import ControlChannel, ask
from simulation.faults import FaultBook

DEMO = Path(simulation.__file__).parent / "plants" / "demo.yaml"
START_S, STEP_S = 60.0, 20.0


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "simulation.process", "--plant", str(DEMO), *options]


async def value_of(source: Source, row: int, *, other_than: float | None = None) -> float:
    async with asyncio.timeout(STEP_S):
        while True:
            columns = await source.read(Clock.system())
            value = float(columns.value[source.points.tolist().index(row)])
            if columns.answered and value != other_than:
                return value
            await asyncio.sleep(0.05)


async def until(source: Source, *, answered: bool) -> Columns:
    async with asyncio.timeout(STEP_S):
        while True:
            columns = await source.read(Clock.system())
            if columns.answered is answered:
                return columns
            await asyncio.sleep(0.05)


async def test_process_lives_is_told_of_faults_and_ends_cleanly(tmp_path: Path) -> None:
    plant, control = load_plant(DEMO), tmp_path / "control"
    clock = Clock.simulated(rate=5.0)
    process = await asyncio.create_subprocess_exec(
        *command("--clock", clock.encode(), "--control", str(control)), stdout=subprocess.PIPE
    )
    ready = json.loads(await asyncio.wait_for(process.stdout.readline(), START_S))
    assert ready["ready"]
    assert ready["pid"] == process.pid
    sources = (
        OpcUaSource(plant, "DCS", ready["endpoints"]["DCS"]),
        ModbusSource(plant, "SIS", ready["endpoints"]["SIS"]),
    )
    for source in sources:
        await source.open()
        heartbeat = int(plant.sources.heartbeat[plant.sources.row[source.name]])
        first = await value_of(source, heartbeat)
        assert await value_of(source, heartbeat, other_than=first) != first

    listed = await asyncio.to_thread(ask, control, "list")
    silent = "comms_loss_opcua"
    assert silent in {fault["name"] for fault in listed["faults"]}
    await asyncio.to_thread(ask, control, "inject", name=silent)
    await until(sources[0], answered=False)
    await until(sources[1], answered=True)
    await asyncio.to_thread(ask, control, "clear", name=silent)
    await until(sources[0], answered=True)
    assert (await asyncio.to_thread(ask, control, "truth"))["truth"]

    for source in sources:
        await source.close()
    process.terminate()
    assert await asyncio.wait_for(process.wait(), STEP_S) == 0
    assert not control.exists()


async def test_process_ends_when_its_parent_is_killed() -> None:
    starter = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", starter, *command(), stdout=subprocess.PIPE)
    ready = json.loads(await asyncio.wait_for(parent.stdout.readline(), START_S))
    assert ready["pid"] != parent.pid
    os.kill(parent.pid, signal.SIGKILL)
    assert await asyncio.wait_for(parent.stdout.read(), STEP_S) == b""  # end of file: nobody holds the pipe any more
    await parent.wait()


async def test_port_in_use_ends_the_process_with_one_message(unused_tcp_port: int) -> None:
    taken = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", unused_tcp_port)
    process = await asyncio.create_subprocess_exec(
        *command("--opcua-port", str(unused_tcp_port)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), START_S)
    taken.close()
    await taken.wait_closed()
    assert process.returncode == 1
    assert f"port {unused_tcp_port} on 127.0.0.1 is in use" in said.decode()
    assert "--opcua-port" in said.decode()
    assert "Traceback" not in said.decode()


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[Path]:
    faults = FaultBook(frozenset({"TI-101"}))
    channel = ControlChannel(tmp_path / "control", faults, lambda: {"r101.t_c": 62.0})
    await channel.start()
    yield tmp_path / "control"
    await channel.stop()


async def test_channel_refuses_what_it_does_not_know_with_what_would_mend_it(channel: Path) -> None:
    with pytest.raises(SimulationError, match="there is no fault 'nonsense'"):
        await asyncio.to_thread(ask, channel, "inject", name="nonsense")
    with pytest.raises(SimulationError, match="there is no command 'explode'"):
        await asyncio.to_thread(ask, channel, "explode")
    with pytest.raises(SimulationError, match="cannot use this request"):
        await asyncio.to_thread(ask, channel, "inject", name="nonsense", onset_s="soon")
    assert await asyncio.to_thread(ask, channel, "truth") == {"ok": True, "truth": {"r101.t_c": 62.0}}


async def test_second_plant_at_the_same_path_is_refused(channel: Path) -> None:
    second = ControlChannel(channel, FaultBook(frozenset()), dict)
    with pytest.raises(SourceError, match="another simulated plant listens"):
        await second.start()


async def test_socket_left_by_a_killed_plant_is_taken_over(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "control"))
    channel = ControlChannel(tmp_path / "control", FaultBook(frozenset()), dict)
    await channel.start()
    assert (await asyncio.to_thread(ask, tmp_path / "control", "truth"))["ok"]
    await channel.stop()


def test_nobody_there_and_path_too_long_are_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no simulated plant answers"):
        ask(tmp_path / "nobody", "list")
    with pytest.raises(SourceError, match=r"120 bytes, a unix socket allows 107"):
        ask(Path("/" + "x" * 119), "list")

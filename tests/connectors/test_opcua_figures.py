"""What an OPC UA source says of its link, against real servers: clocks, requests, limits of the plant file."""

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.opcua import OpcUaSource
from connectors.opcua.server_clock import ClockLook, ServerClock
from plantsafe.clock import Clock
from plantsafe.plant import Plant
from plantsafe.plant.tables import compile_plant
from plantsafe.source import Columns
from simulation.servers import OpcUaServer

ReadUntil = Callable[..., Awaitable[Columns]]


@pytest.fixture
async def server(plant: Plant) -> AsyncIterator[OpcUaServer]:
    made = OpcUaServer(plant, "DCS")
    await made.start()
    yield made
    await made.stop()


def limited(plant: Plant, **limits: Any) -> Plant:
    """The plant with limits of its first source."""
    entry = plant.file.sources[0]
    entry = entry.model_copy(update={"limits": entry.limits.model_copy(update=limits)})
    return compile_plant(plant.file.model_copy(update={"sources": (entry, *plant.file.sources[1:])}))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("off_s", [-3.0, 0.0, 3.0])
async def test_difference_of_the_clocks_is_measured(
    plant: Plant,
    server: OpcUaServer,
    read_until: ReadUntil,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    off_s: float,
    known: bool,
) -> None:
    ours = SimpleNamespace(time=lambda: time.time() - off_s, time_ns=time.time_ns)
    monkeypatch.setattr("connectors.opcua.bulk.time", ours)
    monkeypatch.setattr("connectors.opcua.supervisor.time", ours)
    monkeypatch.setattr("connectors.opcua.bulk.KNOWN", known)  # asyncua's own way knows ServerStatus only
    source = OpcUaSource(plant, "DCS", server.endpoint)
    await source.open()
    await read_until(source, lambda columns: columns.answered)
    for _ in range(3):
        await source.read(clock)
    least_s = 0.4 if known else 1.4  # asyncua's server moves ServerStatus.CurrentTime once a second
    assert abs(source.counts().clock_offset_s - off_s) < least_s
    await source.close()
    await read_until(source, lambda columns: not columns.answered)
    assert math.isnan(source.counts().clock_offset_s)


def look(offset_s: float, round_trip_s: float, of_it: float = 0.5) -> ClockLook:
    """The server read its clock after the share `of_it` of the round trip."""
    return ClockLook(server_s=1000.0 + of_it * round_trip_s + offset_s, before_s=1000.0, after_s=1000.0 + round_trip_s)


@pytest.mark.parametrize("of_it", [0.0, 0.3, 1.0])
def test_what_the_round_trip_explains_is_no_difference(of_it: float) -> None:
    assert look(0.0, 1.5, of_it).offset_s == 0.0
    assert 2.5 <= look(4.0, 1.5, of_it).offset_s <= 4.0
    assert -4.0 <= look(-4.0, 1.5, of_it).offset_s <= -2.5


def test_the_quickest_of_eight_looks_counts() -> None:
    clock = ServerClock()
    clock.look(look(1.0, 0.1))
    for _ in range(7):
        clock.look(look(1.0, 0.8, 1.0))
    assert clock.offset_s == pytest.approx(0.95)
    clock.look(look(1.0, 0.8, 0.0))  # the quick one is forgotten
    assert clock.offset_s == pytest.approx(1.0)
    clock.look(ClockLook(server_s=math.nan, before_s=0.0, after_s=0.0))
    assert clock.offset_s == pytest.approx(1.0)
    clock.forget()
    assert math.isnan(clock.offset_s)


async def test_requests_keep_the_pace_that_the_plant_file_gives(
    plant: Plant, server: OpcUaServer, read_until: ReadUntil, clock: Clock
) -> None:
    slow = limited(plant, requests_per_s=20.0, nodes_per_read=1)
    source = OpcUaSource(slow, "DCS", server.endpoint)
    await source.open()
    await read_until(source, lambda columns: columns.answered)
    before, began_s = source.counts().requests, time.monotonic()
    for _ in range(2):
        await source.read(clock)
    took_s, sent = time.monotonic() - began_s, source.counts().requests - before
    assert sent >= 10  # four points and the server's clock, a request each
    assert took_s >= (sent - 1) / 20.0 - 0.01
    await source.close()


@pytest.mark.parametrize(("allowed", "want"), [(None, 2), (1, 1), (4, 4)])
async def test_as_many_requests_wait_as_the_plant_file_allows(
    plant: Plant, server: OpcUaServer, read_until: ReadUntil, allowed: int | None, want: int
) -> None:
    source = OpcUaSource(limited(plant, requests_in_flight=allowed, nodes_per_read=1), "DCS", server.endpoint)
    await source.open()
    await read_until(source, lambda columns: columns.answered)
    assert source._supervisor.link._client.in_flight == want
    await source.close()

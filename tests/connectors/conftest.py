"""A small plant of this folder's own, and what its tests share: a probe with a deadline, a proxy that listens in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from proxies import Proxy

from plantsafe.clock import Clock
from plantsafe.plant import Plant, load_plant
from plantsafe.source import Columns, Source

SMALL = """
schema: 1
author: test
site: {name: small, title: {en: Small, zh: 小}}
workshops:
  - {name: W1, title: {en: Workshop, zh: 车间}, head_count_max: 9}
units:
  - {name: R1, title: {en: Reactor, zh: 反应釜}, workshop: W1, process: utility}
  - {name: U1, title: {en: Utilities, zh: 公用工程}, workshop: W1, process: utility}
sources:
  - {name: DCS, title: {en: DCS, zh: DCS}, protocol: opcua, endpoint: "opc.tcp://127.0.0.1:1/plantsafe",
     namespace: "urn:plantsafe:simulation", timeout_s: 0.5, heartbeat: HB, consequence: {en: c, zh: c},
     action: {en: a, zh: a}}
  - {name: SIS, title: {en: SIS, zh: SIS}, protocol: modbus, endpoint: "tcp://127.0.0.1:1", timeout_s: 0.5,
     heartbeat: WD, consequence: {en: c, zh: c}, action: {en: a, zh: a}}
points:
  - {name: TI-1, title: {en: T, zh: T}, unit: R1, source: DCS, eu: "°C", range: [0, 200], opcua: {node: s=TI-1}}
  - {name: PI-1, title: {en: P, zh: P}, unit: R1, source: DCS, eu: kPa, range: [0, 400], opcua: {node: s=PI-1}}
  - {name: TT-1A, title: {en: T, zh: T}, unit: R1, source: SIS, eu: "°C", range: [0, 200],
     modbus: {table: input, address: 0, type: float32}}
  - {name: FI-1, title: {en: F, zh: F}, unit: U1, source: DCS, eu: kg/h, range: [0, 900],
     opcua: {node: s=FI-1, namespace: "urn:other:vendor"}}
  - {name: HB, title: {en: H, zh: H}, unit: U1, source: DCS, kind: count, range: [0, 1000000], opcua: {node: s=HB}}
  - {name: TT-1B, title: {en: T, zh: T}, unit: R1, source: SIS, eu: "°C", range: [0, 200],
     modbus: {table: input, address: 2, type: float32, word_order: little}}
  - {name: LT-1, title: {en: L, zh: L}, unit: R1, source: SIS, eu: "%", range: [0, 100],
     modbus: {table: input, address: 10, type: uint16, scale: 0.01}}
  - {name: PT-1, title: {en: P, zh: P}, unit: R1, source: SIS, eu: kPa, range: [-100, 400],
     modbus: {table: holding, address: 100, type: int16, scale: 0.1, offset: 20}}
  - {name: N-1, title: {en: N, zh: N}, unit: R1, source: SIS, kind: count, range: [0, 4294967295],
     modbus: {table: holding, address: 102, type: uint32}}
  - {name: N-2, title: {en: N, zh: N}, unit: R1, source: SIS, kind: count, range: [-2147483648, 2147483647],
     modbus: {table: holding, address: 104, type: int32, word_order: little}}
  - {name: B-3, title: {en: B, zh: B}, unit: R1, source: SIS, kind: state,
     modbus: {table: holding, address: 106, bit: 3}}
  - {name: B-15, title: {en: B, zh: B}, unit: R1, source: SIS, kind: state,
     modbus: {table: holding, address: 106, bit: 15}}
  - {name: XS-1, title: {en: X, zh: X}, unit: R1, source: SIS, kind: state,
     modbus: {table: discrete, address: 5, type: bool}}
  - {name: XS-2, title: {en: X, zh: X}, unit: R1, source: SIS, kind: state,
     modbus: {table: discrete, address: 21, type: bool}}
  - {name: WD, title: {en: W, zh: W}, unit: U1, source: SIS, kind: state,
     modbus: {table: coil, address: 0, type: bool}}
"""


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return load_plant(path)


@pytest.fixture
def clock() -> Clock:
    return Clock.simulated(rate=1.0)


@pytest.fixture
def program(pytestconfig: pytest.Config) -> Callable[..., str]:
    suite = pytestconfig.pluginmanager.getplugin(str(Path(__file__).parents[1] / "conftest.py"))
    assert suite is not None
    return suite.need_program


@pytest.fixture
def read_until(clock: Clock) -> Callable[..., Awaitable[Columns]]:
    """Reads a source again and again until what it gives satisfies `want`."""

    async def read_until(source: Source, want: Callable[[Columns], bool], within_s: float = 10.0) -> Columns:
        async with asyncio.timeout(within_s):
            while True:
                if want(columns := await source.read(clock)):
                    return columns
                await asyncio.sleep(0.02)

    return read_until


@pytest.fixture
async def listen_in() -> AsyncIterator[Callable[[int], Awaitable[Proxy]]]:
    proxies: list[Proxy] = []

    async def listen_in(target: int) -> Proxy:
        proxy = Proxy(target)
        await proxy.start()
        proxies.append(proxy)
        return proxy

    yield listen_in
    for proxy in proxies:
        await proxy.stop()

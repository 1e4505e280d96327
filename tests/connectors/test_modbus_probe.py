"""The probe finds what a device lets be read, asks gently, and comes to an end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from connectors.modbus import ReadableRange, probe
from plantsafe.errors import SourceError


class Device:
    """Answers reads inside its ranges of (function, from, to), refuses the rest; unit 7 is silent, 8 unreachable."""

    def __init__(self, *ranges: tuple[int, int, int]) -> None:
        self.ranges = ranges
        self.asked_s: list[float] = []
        self.functions: set[int] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                request = await reader.readexactly(12)
                self.asked_s.append(asyncio.get_running_loop().time())
                unit, function = request[6], request[7]
                self.functions.add(function)
                start, count = int.from_bytes(request[8:10], "big"), int.from_bytes(request[10:12], "big")
                if unit == 7:
                    continue
                if unit == 8:
                    pdu = bytes([function | 0x80, 11])
                elif function == 2:
                    pdu = bytes([0x82, 1])
                elif any(f == function and low <= start and start + count <= high for f, low, high in self.ranges):
                    octets = (count + 7) // 8 if function <= 2 else 2 * count
                    pdu = bytes([function, octets]) + bytes(octets)
                else:
                    pdu = bytes([function | 0x80, 2])
                writer.write(request[:4] + (len(pdu) + 1).to_bytes(2, "big") + request[6:7] + pdu)
        writer.close()


@pytest.fixture
async def device() -> AsyncIterator[Device]:
    device = Device((1, 0, 24), (3, 100, 371), (3, 400, 420), (4, 0, 1000))
    yield device
    await device.stop()


async def test_ranges_are_found_to_the_address(device: Device) -> None:
    port = await device.start()
    report = await probe("127.0.0.1", port, requests_per_s=1e6)
    assert report.ranges == [
        ReadableRange(device=1, table=table, start=start, count=count)
        for table, start, count in [("coil", 0, 24), ("holding", 100, 271), ("holding", 400, 20), ("input", 0, 1000)]
    ]
    assert report.complete
    assert report.requests == len(device.asked_s) < 600
    assert report.notes == ["device 1, discrete: exception 1 at 0"]
    assert device.functions == {1, 2, 3, 4}


async def test_requests_keep_their_distance_and_have_an_end(device: Device) -> None:
    port = await device.start()
    report = await probe("127.0.0.1", port, tables=["holding"], requests_per_s=50.0, max_requests=20)
    gaps = [after - before for before, after in zip(device.asked_s, device.asked_s[1:], strict=False)]
    assert len(device.asked_s) == report.requests == 20
    assert min(gaps) > 0.01
    assert sum(gaps) >= 19 * 0.02 * 0.95
    assert not report.complete
    assert "ended after 20 requests" in report.notes[0]


async def test_device_that_does_not_answer_is_left_at_once(device: Device) -> None:
    port = await device.start()
    report = await probe("127.0.0.1", port, devices=[7, 8, 1], tables=["coil", "holding"], last=23,
                         requests_per_s=1e6, timeout_s=0.1)  # fmt: skip
    assert [note[:24] for note in report.notes] == ["device 7 does not answer", "device 8 does not answer"]
    assert [(found.device, found.table) for found in report.ranges] == [(1, "coil")]


async def test_nobody_there_is_said(unused_tcp_port: int, device: Device) -> None:
    await device.start()
    with pytest.raises(SourceError, match=f"nobody answers at 127.0.0.1:{unused_tcp_port}"):
        await probe("127.0.0.1", unused_tcp_port)


@pytest.mark.parametrize("wrong", [{"tables": ["registers"]}, {"first": 9, "last": 3}, {"last": 70000}])
async def test_what_cannot_be_probed_is_refused(wrong: dict[str, object], device: Device) -> None:
    port = await device.start()
    with pytest.raises(SourceError, match="cannot probe"):
        await probe("127.0.0.1", port, **wrong)
    assert not device.asked_s

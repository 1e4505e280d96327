"""One socket to one address, and the devices behind it that do not answer."""

import asyncio
import random
from urllib.parse import urlparse

from connectors.modbus.client import ReadOnlyModbusClient
from connectors.modbus.map import Block
from connectors.supervision import Ending, delay_s
from plantsafe.errors import SourceError

DEFAULT_PORT = 502  # IANA: mbap
CONNECT_TIMEOUT_S = 1.0  # site default; never delays a scan
REQUEST_TIMEOUT_S = 0.4  # site default: a safety system answers in a tenth of this


class ModbusLink:
    """A connected socket. After a timeout or a broken answer it is given up, so that no late answer can be taken."""

    def __init__(self, host: str, port: int) -> None:
        self._ending = Ending()
        self._client = ReadOnlyModbusClient(
            host, port, timeout_s=CONNECT_TIMEOUT_S, on_lost=lambda: self._ending.say("the connection was lost")
        )
        self._address = f"{host}:{port}"

    async def open(self) -> "ModbusLink":
        """Connect; raises ConnectionError."""
        try:
            connected = await self._client.connect()
        except BaseException:
            self._client.close()
            raise
        if not connected:
            raise ConnectionError(f"nobody answers at {self._address}")
        return self

    async def ask(self, block: Block, timeout_s: float) -> tuple[list[int], int]:
        """One request within its time; the link is over when this raises."""
        try:
            async with asyncio.timeout(min(timeout_s, REQUEST_TIMEOUT_S)):
                return await self._client.ask(block)
        except BaseException as error:
            self.fail(f"device {block.device}, {block.table} {block.start}: {type(error).__name__} {error}".strip())
            raise

    def fail(self, reason: str) -> None:
        """Give the socket up at once; the supervisor makes a new one."""
        self._client.close()
        self._ending.say(reason)

    async def ended(self) -> str:
        """Return when the socket is gone."""
        return await self._ending.wait()

    async def close(self) -> None:
        """Close the socket."""
        self._client.close()


class SilentDevices:
    """Devices behind one socket that let a request time out: left alone for a while, then asked last, so that one
    silent device does not cost the others their scan."""

    def __init__(self) -> None:
        self._until_s: dict[int, float] = {}
        self._times: dict[int, int] = {}
        self._spread = random.Random()  # noqa: S311  spreads attempts, not a secret

    def timed_out(self, device: int, now_s: float) -> None:
        """The device did not answer; leave it alone for longer each time."""
        times = self._times.get(device, 0)
        self._times[device] = times + 1
        self._until_s[device] = now_s + delay_s(times, self._spread.random())

    def answered(self, device: int) -> None:
        """The device answered; forget the rest."""
        if device in self._times:
            del self._times[device], self._until_s[device]

    def rests(self, device: int, now_s: float) -> bool:
        """True while the device is left alone."""
        return now_s < self._until_s.get(device, now_s)

    def trouble(self, device: int) -> int:
        """How often in a row it let a request time out."""
        return self._times.get(device, 0)


def host_and_port(endpoint: str, source: str) -> tuple[str, int]:
    """The address in `tcp://host:port` or `host:port`; raises SourceError."""
    parsed = urlparse(endpoint if "://" in endpoint else f"tcp://{endpoint}")
    try:
        host, port = parsed.hostname, parsed.port
    except ValueError:
        host, port = None, None
    if not host or parsed.scheme != "tcp":
        raise SourceError(
            f"source {source}: {endpoint!r} is no Modbus TCP address", mend="write tcp://HOST:PORT, for example"
        )
    return host, port or DEFAULT_PORT

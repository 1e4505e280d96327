"""asyncua's client, able to read only: any other service is refused before a byte of it leaves."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.shortcuts import Shortcuts

from connectors.opcua.bulk import CHUNKS_IN_FLIGHT, read_parameters
from connectors.opcua.security import OPEN, Security
from connectors.opcua.services import ALLOWED_SERVICES, refuse_writes
from connectors.opcua.transport import ReadOnlyTransport
from connectors.pace import Pace
from plantsafe.errors import SourceError

__all__ = ["ALLOWED_SERVICES", "ReadOnlyClient", "refuse_writes"]

# The supervisor says each change of state once; asyncua would say it again on every attempt, with tracebacks.
logging.getLogger("asyncua.client").setLevel(logging.CRITICAL)
logging.getLogger("asyncua.uaprotocol").setLevel(logging.CRITICAL)

WATCHDOG_S = 10.0  # asyncua's own probe; its default of 1 s cuts long reads
SESSION_TIMEOUT_MS = 60_000  # site default: a killed scan service leaves its session behind for no longer


class ReadOnlyClient(Client):
    """One connection to one server; made anew for every connection, never revived.

    pace: shared by the connections of a source. in_flight: how many Reads may wait for their answers.
    """

    def __init__(
        self,
        url: str,
        timeout_s: float,
        security: Security = OPEN,
        *,
        pace: Pace | None = None,
        in_flight: int = CHUNKS_IN_FLIGHT,
    ) -> None:
        super().__init__(url, timeout=timeout_s, watchdog_intervall=WATCHDOG_S, auto_reconnect=False)
        self.uaclient: ReadOnlyTransport = ReadOnlyTransport(timeout_s)
        self.uaclient.pre_request_hook = self._wait_until_ready
        self.nodes = Shortcuts(self.uaclient.session)
        self.name = self.description = "plantsafe"
        self.application_uri = security.application_uri
        self.session_timeout = SESSION_TIMEOUT_MS
        self._security = security
        self.pace = pace or Pace()
        self.in_flight = in_flight
        self.certificates_end: datetime | None = None
        self._username = self._password = None  # never out of a URL, which logs show

    @property
    def requests(self) -> int:
        """Requests sent in this connection."""
        return sum(int(protocol._request_id) for protocol in self.uaclient.made)

    @property
    def sent_bytes(self) -> int:
        """Bytes that went out over this connection's secure channels."""
        return sum(protocol.sent_bytes for protocol in self.uaclient.made)

    @property
    def received_bytes(self) -> int:
        """Bytes that came in over this connection."""
        return sum(protocol.received_bytes for protocol in self.uaclient.made)

    async def open(self) -> None:
        """Connect and activate a session; leaves no socket behind when that fails or is cancelled."""
        try:
            self.certificates_end = await self._security.apply(self)
            await self.connect()
        except BaseException:
            await self.drop()
            raise

    async def drop(self) -> None:
        """Close the socket, and return when it is closed."""
        self.disconnect_socket()
        await asyncio.sleep(0)  # transports close on the next turn of the loop

    def _add_user_auth(self, params: ua.ActivateSessionParameters, username: str | None, password: str | None) -> None:
        """Send the password enciphered, by its own policy or by the channel's, or not at all."""
        policy = self.server_policy(ua.UserTokenType.UserName).SecurityPolicyUri or ""
        if policy.endswith("#None") and self.security_policy.Mode != ua.MessageSecurityMode.SignAndEncrypt:
            raise SourceError(
                f"{self.server_url.geturl()} wants the password in clear text",
                mend="use the mode SignAndEncrypt for this source",
            )
        super()._add_user_auth(params, username, password)

    async def values_of(self, nodes: Sequence[ua.NodeId]) -> list[ua.DataValue]:
        """The Value attribute of each node."""
        return await self.read(read_parameters(nodes))

    async def read(self, parameters: ua.ReadParameters) -> list[ua.DataValue]:
        """One Read service call; the results in the order of the nodes asked for."""
        return await self.uaclient.session.read(parameters)

"""asyncua's transport with our rules: requests pass the allow list, answers are bounded, whole messages only.

This module, `framing` and `bulk` are the only ones that know asyncua's internals; `known_internals` says whether they
are the ones that were tested.
"""

import struct
from importlib.metadata import version
from typing import Any

from asyncua import ua
from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.common.connection import SecureConnection, TransportLimits
from asyncua.common.utils import Buffer

from connectors.opcua.framing import seal, unseal
from connectors.opcua.services import refuse_writes
from plantsafe.errors import SourceError

TESTED_ASYNCUA = "2.1.0"
LARGEST_MESSAGE = 8 * 1024 * 1024  # bytes, site default: 1000 values are 20 kB, a namespace array less
LARGEST_CHUNK = 65_535  # bytes: what asyncua says in its Hello that it can receive
MOST_CHUNKS = 1024  # site default: a message of that many parts is not an answer to anything we ask
_HEADER = struct.Struct("<4sI")  # message type with chunk type, size: OPC UA Part 6, 6.7.2


def known_internals() -> bool:
    """True when asyncua is the version whose private parts the bulk reads were tested with."""
    return version("asyncua") == TESTED_ASYNCUA


KNOWN = known_internals()


class _BoundedLimits(TransportLimits):
    """What the server acknowledges may lower our bounds, never lift them."""

    def update_client_limits(self, msg: ua.Acknowledge) -> None:
        super().update_client_limits(msg)
        self.max_recv_buffer = LARGEST_CHUNK
        self.max_message_size = min(self.max_message_size or LARGEST_MESSAGE, LARGEST_MESSAGE)
        self.max_chunk_count = min(self.max_chunk_count or MOST_CHUNKS, MOST_CHUNKS)


class _ReadOnlyConnection(SecureConnection):
    """Everything that asyncua sends in a secure channel passes here, whoever encoded it."""

    sent_bytes = 0

    def message_to_binary(
        self, message: bytes, message_type: Any = ua.MessageType.SecureMessage, request_id: int = 0
    ) -> bytes:
        refuse_writes(message)
        if KNOWN and message_type is ua.MessageType.SecureMessage:
            sealed = seal(self, message, request_id)
            if sealed is not None:
                self.sent_bytes += len(sealed)
                return sealed
        sent: bytes = super().message_to_binary(message, message_type, request_id)
        self.sent_bytes += len(sent)
        return sent


class ReadOnlyProtocol(UASocketProtocol):
    """Collects whole chunks before asyncua looks at them (it would copy the rest again at each piece)."""

    def __init__(self, timeout_s: float, policy: Any) -> None:
        super().__init__(timeout_s, policy, _BoundedLimits(LARGEST_CHUNK, LARGEST_CHUNK, 0, 0))
        self._connection: _ReadOnlyConnection = _ReadOnlyConnection(policy, self._connection._limits)
        self._pending = bytearray()
        self.received_bytes = 0

    @property
    def sent_bytes(self) -> int:
        """Bytes that went out in secure channels of this connection."""
        return self._connection.sent_bytes

    def data_received(self, data: bytes) -> None:
        """Hand on each chunk when it is whole; a size that cannot be ends the connection."""
        self.received_bytes += len(data)
        pending = self._pending
        pending += data
        at = 0
        while len(pending) - at >= _HEADER.size:
            kind, size = _HEADER.unpack_from(pending, at)
            if size < _HEADER.size or size > LARGEST_CHUNK:
                self.give_up(f"a message of type {kind!r} says that it has {size} bytes")
                return
            if len(pending) - at < size:
                break
            self._take(bytes(memoryview(pending)[at : at + size]))
            at += size
            if self.transport is None or self.transport.is_closing():
                pending.clear()
                return
        del pending[:at]

    def _take(self, chunk: bytes) -> None:
        opened = unseal(self._connection, chunk) if KNOWN else None
        if opened is None:
            self._process_received_data(chunk)
            return
        request_id, body = opened
        if request_id not in self._callbackmap:
            self.give_up(f"an answer to request {request_id}, which was not asked")
            return
        self._call_callback(request_id, Buffer(body))

    def give_up(self, reason: str) -> None:
        """Close the connection; whoever waits for an answer is told why."""
        self._pending.clear()
        self._fail_all_pending(SourceError(reason))
        self.disconnect_socket()


class ReadOnlyTransport(UaClient):
    """asyncua's transport over the protocol above. `made`: the sockets of this client, for what they count."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(timeout_s)
        self.made: list[ReadOnlyProtocol] = []

    def _make_protocol(self) -> UASocketProtocol:
        protocol = ReadOnlyProtocol(self._timeout, self.security_policy)
        self.made.append(protocol)
        protocol.pre_request_hook = self._pre_request_hook
        protocol.on_connection_lost = self._on_transport_lost
        protocol.is_session_closing = self._is_session_closing
        self.protocol = protocol
        return protocol

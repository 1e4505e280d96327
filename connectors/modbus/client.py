"""pymodbus' client, able to read only: any other function code is refused before a byte of it leaves."""

import logging
from collections.abc import Awaitable, Callable

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from connectors.modbus.map import Block
from plantsafe.errors import ReadOnlyError

# The supervisor says each change of state once; pymodbus would say it again on every attempt.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

ALLOWED_FUNCTIONS = {1: "read coils", 2: "read discrete inputs", 3: "read holding registers", 4: "read input registers"}
_REQUEST: dict[str, type[ModbusPDU]] = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}
FUNCTION_AT = 7  # place of the function code behind the MBAP header (Modbus messaging on TCP/IP V1.0b, 3.1.3)


def refuse_writes(function: int) -> None:
    """Raise ReadOnlyError unless the function code only reads."""
    if function not in ALLOWED_FUNCTIONS:
        raise ReadOnlyError(
            f"refused to send Modbus function {function}: plantsafe only reads",
            mend="read, or make the change with the safety system's own engineering tool",
        )


class ReadOnlyModbusClient(AsyncModbusTcpClient):
    """One connection to one address; made anew for every connection, never revived, one request at a time."""

    def __init__(self, host: str, port: int, *, timeout_s: float, on_lost: Callable[[], None]) -> None:
        super().__init__(
            host,
            port=port,
            timeout=timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._gate,
            trace_connect=lambda connected: None if connected else on_lost(),
        )

    def execute(self, no_response_expected: bool, request: ModbusPDU) -> Awaitable[ModbusPDU]:
        """Refuse what does not read, also while there is no connection."""
        refuse_writes(request.function_code)
        answer: Awaitable[ModbusPDU] = super().execute(no_response_expected, request)
        return answer

    @staticmethod
    def _gate(sending: bool, packet: bytes) -> bytes:
        """The last place before the socket: every packet passes here, whoever made it."""
        if sending:
            refuse_writes(packet[FUNCTION_AT])
        return packet

    async def ask(self, block: Block) -> tuple[list[int], int]:
        """The words (or bits) of a block and 0, or none and the device's exception code; raises on a broken answer."""
        request = _REQUEST[block.table](address=block.start, count=block.count, dev_id=block.device)
        answer = await self.execute(False, request)
        if (answer.transaction_id, answer.dev_id) != (request.transaction_id, block.device):
            raise ConnectionError(f"answer {answer.transaction_id} of device {answer.dev_id} to another request")
        if answer.isError():
            return [], int(getattr(answer, "exception_code", 0)) or 4  # 4: device failure, when it does not say
        if answer.function_code != request.function_code:
            raise ConnectionError(f"answer of function {answer.function_code} to function {request.function_code}")
        words = list(map(int, answer.bits)) if request.function_code <= 2 else answer.registers
        padded = (block.count + 7) // 8 * 8 if request.function_code <= 2 else block.count
        if len(words) != padded:
            raise ConnectionError(f"{len(words)} values came for {block.count} asked")
        return list(words[: block.count]), 0

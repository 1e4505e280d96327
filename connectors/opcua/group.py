"""A fast group of an OPC UA source: some of its points, read between its scans in the same session."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from connectors.opcua.decode import settle
from connectors.opcua.map import NodeMap
from connectors.opcua.supervisor import OpcUaLink, Reading
from plantsafe.clock import Clock
from plantsafe.errors import ReadOnlyError
from plantsafe.frame import Origin
from plantsafe.source import Columns, silence


def columns_of(reading: Reading, nodes: NodeMap) -> Columns:
    """What a server answered, as columns of the points of `nodes`: texts become the codes of their states."""
    answers = reading.answers
    for row, (text, code) in answers.texts.items():
        state = nodes.codes.get(row, {}).get(text)
        if state is not None:
            answers.value[row], answers.status[row] = state, code
    value, status = settle(answers.value, answers.status)
    return Columns(
        value=value,
        status=status,
        source_time_ns=answers.source_time_ns,
        answered=True,
        origin=Origin.SERVER,
        resolution_ns=reading.resolution_ns,
    )


class OpcUaGroup:
    """Lives by the session of its source, which alone connects, resolves and gives up."""

    def __init__(
        self,
        source: str,
        name: str,
        nodes: NodeMap,
        whole: NodeMap,
        link: Callable[[], OpcUaLink | None],
        timeout_s: float,
    ) -> None:
        """`nodes` are some of those of `whole`, the map of the source; `link` gives its session while there is one."""
        place = {int(row): i for i, row in enumerate(whole.rows)}
        self._name, self._source = name, source
        self._map = nodes
        self._places = np.array([place[int(row)] for row in nodes.rows], dtype=np.intp)
        self._link = link
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """The name of the source in the plant file."""
        return self._source

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that are read."""
        return self._map.rows

    async def open(self) -> None:
        """Nothing to open: the source does."""

    async def read(self, clock: Clock) -> Columns:  # noqa: ARG002  the server stamps its values itself
        """The points of the group, once, within the source's timeout."""
        link = self._link()
        if link is None:
            return silence(len(self._places))
        try:
            reading = await link.read_part(self._name, self._places, self._timeout_s)
        except ReadOnlyError:
            raise
        except Exception:  # noqa: BLE001  a broken answer is the plant's doing; the source's own reads name it
            return silence(len(self._places))
        return columns_of(reading, self._map)

    async def close(self) -> None:
        """Nothing to close."""

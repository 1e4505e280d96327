"""Event buffers of a simulated plant in virtual time: read each scan, through the registers of the wire."""

from connectors.modbus.event_buffer import RingReader
from plantsafe.clock import NS_PER_S
from plantsafe.frame import DeviceEvents
from plantsafe.scan.stamps import device_events
from plantsafe.source import Stamped
from simulation.plant import SimulatedPlant


class VirtualEvents:
    """Follows the rings of a simulated plant."""

    def __init__(self, simulated: SimulatedPlant) -> None:
        self._simulated = simulated
        sources = simulated.plant.file.sources
        self._rings = {
            (row, source.name): RingReader(source.event_buffer)
            for row, source in enumerate(sources)
            if source.event_buffer is not None
        }

    def read(self) -> DeviceEvents:
        """What is new in this scan. In virtual time the second that was lived ends with the scan; it began before."""
        if not self._rings:
            return device_events(())
        simulated, silent = self._simulated, self._simulated.silent_sources()
        taken: list[tuple[int, Stamped]] = []
        for (row, name), ring in self._rings.items():
            if name in silent:
                continue
            newest, words = simulated.events.ring(name, simulated.time_ns + NS_PER_S, later_ns=-NS_PER_S)
            for first, block in ring.wanted(newest):
                begin = block.start - ring.buffer.address
                if (part := ring.take(first, words[begin : begin + block.count])) is not None:
                    taken.append((row, part))
        return device_events(taken)

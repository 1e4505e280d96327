"""Which events of a device are the beginning of which alarm.

A state point's event is one when the new state is beyond the alarm's limit. That of a transmitter tells of the set
point in the safety system, so it is one only where the alarm has that very limit.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from plantsafe.alarms.first_out import Stamp
from plantsafe.clock import NS_PER_S
from plantsafe.frame import Frame
from plantsafe.plant.tables import Plant


class DeviceStamps:
    """The limit alarms of first-out groups whose points are in an event buffer."""

    def __init__(self, plant: Plant, row: Mapping[str, int]) -> None:
        grouped = defaultdict(list)
        for i, alarm in enumerate(plant.file.alarms):
            if alarm.first_out is not None:
                grouped[alarm.point].append((i, row[alarm.name]))
        set_points = {
            (channel.point, function.direction, function.setpoint)
            for function in plant.file.functions
            for channel in function.inputs
        }
        self._resolution_ns: dict[int, int] = {}
        self._of: dict[tuple[int, int], list[tuple[int, float, float]]] = {}  # row, sign, state that it begins beyond
        for source, entry in enumerate(plant.file.sources):
            if entry.event_buffer is None:
                continue
            self._resolution_ns[source] = round(entry.event_buffer.resolution_s * NS_PER_S)
            for code in entry.event_buffer.codes:
                analog = plant.points.analog[plant.points.row[code.point]]
                for i, own in grouped.get(code.point, ()):
                    alarm, sign = plant.file.alarms[i], float(plant.alarms.sign[i])
                    if not analog:
                        self._of.setdefault((source, code.code), []).append((own, sign, alarm.limit))
                    elif (code.point, alarm.direction[0], alarm.limit) in set_points:
                        self._of.setdefault((source, code.code), []).append((own, 1.0, 0.5))

    def of(self, frame: Frame) -> Iterator[Stamp]:
        """The beginnings in a frame's device events."""
        events = frame.events
        if not self._of or not events.code.size:
            return
        columns = (events.source.tolist(), events.code.tolist(), events.state.tolist(), events.time_ns.tolist())
        for source, code, state, time_ns in zip(*columns, strict=True):
            for row, sign, limit in self._of.get((source, code), ()):
                if sign * (state - limit) >= 0.0:
                    yield Stamp(row=row, device=source, time_ns=time_ns, resolution_ns=self._resolution_ns[source])

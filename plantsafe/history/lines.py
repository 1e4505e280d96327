"""Samples and events as InfluxDB line protocol, with explicit times: written twice, they overwrite themselves.

Measurement `pv`: tags site, unit, point, eu; fields v (absent where there is no finite value), status, scan and, where
the source gives one, source_time. Measurement `event`: tags site, kind; fields seq, subject, actor, body.
"""

from collections.abc import Sequence

import numpy as np

from plantsafe.frame import Frame
from plantsafe.plant import Plant
from plantsafe.store.record import EventRow

_TAG = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\=", "\n": "\\ "})
_TEXT = str.maketrans({'"': '\\"', "\\": "\\\\"})


class LineMaker:
    """Line protocol of one plant description; the tags of each point are written once."""

    def __init__(self, plant: Plant) -> None:
        site = _tag("site", plant.file.site.name)
        units = [unit.name for unit in plant.file.units]
        self._heads = [
            f"pv{_tag('eu', plant.points.eu[i])}{_tag('point', name)}{site}"
            f"{_tag('unit', units[plant.points.unit[i]] if plant.points.unit[i] >= 0 else '')} "
            for i, name in enumerate(plant.points.names)
        ]
        self._event = f"event{{kind}}{site} "

    def of_frame(self, frame: Frame) -> list[str]:
        """A line for every point of the scan."""
        finite = np.isfinite(frame.value)
        tail = f",scan={frame.number}i"
        at = f" {frame.time_ns}"
        return [
            f"{head}{f'v={value!r},' if there else ''}status={status}i{tail}"
            f"{f',source_time={stamp}i' if stamp else ''}{at}"
            for head, there, value, status, stamp in zip(
                self._heads,
                finite.tolist(),
                frame.value.tolist(),
                frame.status.tolist(),
                frame.source_time_ns.tolist(),
                strict=True,
            )
        ]

    def of_events(self, events: Sequence[EventRow]) -> list[str]:
        """A line for every event; those of one scan differ by a nanosecond each, for their times are the scan's."""
        return [
            f"{self._event.format(kind=_tag('kind', event.kind))}seq={event.seq}i,scan={event.scan}i,"
            f"subject={_text(event.subject)},actor={_text(event.actor)},body={_text(event.body)} "
            f"{event.time_ns + event.seq % 1_000_000}"
            for event in events
        ]


def _tag(name: str, value: str) -> str:
    """A tag, nothing for an empty value: the protocol has no empty tags. A last backslash would take the separator."""
    written = value.translate(_TAG).rstrip("\\")
    return f",{name}={written}" if written else ""


def _text(value: str) -> str:
    return f'"{value.translate(_TEXT)}"'

"""What a headless run showed, from its record alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from plantsafe.frame import F8
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant
from plantsafe.store.record import EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An alarm of the plant file that came up: when its value crossed the limit, and when the alarm was raised."""

    name: str
    crossed: int
    raised: int
    limit: float
    eu: str


def raised_alarms(history: HistoryReader, plant: Plant) -> list[Raised]:
    """Every raised limit alarm with the scan in which the recorded value first stood beyond its limit."""
    events = [event for event in history.record.events(kinds=("alarm_raised",)) if event.subject in plant.alarms.row]
    rows = sorted({plant.alarms.row[event.subject] for event in events})
    numbers, values = _columns(history, plant.alarms.point[rows])
    beyond = (values - plant.alarms.limit[rows]) * plant.alarms.sign[rows] >= 0.0
    return [_raised(event, plant, numbers, beyond[:, rows.index(plant.alarms.row[event.subject])]) for event in events]


def _columns(history: HistoryReader, points: np.ndarray[tuple[int], np.dtype[np.intp]]) -> tuple[list[int], F8]:
    numbers, values = [], []
    for frame in history.frames(history.first_number(), history.last_number()):
        numbers.append(frame.number)
        values.append(frame.value[points])
    return numbers, np.array(values).reshape(len(numbers), len(points))


def _raised(
    event: EventRow, plant: Plant, numbers: list[int], beyond: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Raised:
    at = numbers.index(event.scan)
    start = at
    while start > 0 and beyond[start - 1]:
        start -= 1
    row = plant.alarms.row[event.subject]
    return Raised(
        name=event.subject,
        crossed=numbers[start],
        raised=event.scan,
        limit=float(plant.alarms.limit[row]),
        eu=plant.points.eu[plant.alarms.point[row]],
    )


def lines(history: HistoryReader, plant: Plant) -> Iterator[str]:
    """The summary, a line each."""
    first, last = history.first_number(), history.last_number()
    done = history.scan_count()
    lost_events = [json.loads(event.body) for event in history.record.events(kinds=("scans_lost",))]
    lost = sum(body["last"] - body["first"] + 1 for body in lost_events)
    stops = [json.loads(event.body) for event in history.record.events(kinds=("service_stopped",))]
    late = sum(body["late"] for body in stops)
    worst_s = max((body["worst_late_s"] for body in stops), default=0.0)
    yield ""
    yield f"scans: {done} done (numbers {first} to {last}), {lost} lost, {late} late by over 0.2 s"
    yield f"  latest start of a scan: {worst_s:.3f} wall s after its instant"
    alarms = raised_alarms(history, plant)
    yield f"alarms raised: {len(alarms)}"
    for alarm in alarms:
        yield (
            f"  {alarm.name}: crossed {alarm.limit:g} {alarm.eu} in scan {alarm.crossed}, "
            f"alarm in scan {alarm.raised}: {alarm.raised - alarm.crossed} scans from crossing to alarm"
        )
    other = [e for e in history.record.events(kinds=("alarm_raised",)) if e.subject not in plant.alarms.row]
    for event in other:
        yield f"  {event.subject}: raised in scan {event.scan}"
    trips = list(history.record.events(kinds=("tripped", "spurious_trip")))
    yield f"trips: {len(trips)}"
    for trip in trips:
        yield f"  {trip.subject}: {trip.kind} in scan {trip.scan}"
    answers = {"safe_state_reached": "safe state reached", "failure_on_demand": "FAILURE ON DEMAND"}
    for event in history.record.events(kinds=tuple(answers)):
        yield f"  {event.subject}: {answers[event.kind]} in scan {event.scan}"

"""A run in virtual time: simulator and engine step together in one process, values pass the maps of the wire."""

import asyncio
import hashlib
import math
import time

import numpy as np

from plantsafe.clock import NS_PER_S, Clock
from plantsafe.frame import NO_FAST_SAMPLES
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.request import Request
from plantsafe.scan.assembly import Assembly
from plantsafe.scan.engine import Engine, ScanRecord
from plantsafe.store.record import EventRow
from simulation.plant import SimulatedPlant
from simulation.scenario import Scenario
from simulation.trial.trace import Said, Trace, Wanted
from simulation.trial.variation import Drawn
from simulation.virtual_events import VirtualEvents
from simulation.virtual_fast import VirtualFast
from simulation.virtual_source import virtual_sources

EPOCH_NS = 1_767_225_600 * NS_PER_S  # 2026-01-01 00:00 UTC: virtual time begins there, so that runs are comparable
VALID_S = 3600.0  # site default: far longer than a scan takes
AFTER_LOSS_S = 300.0  # site default: how much of an unprotected run is shown past its loss


def simulated_plant(scenario: Scenario, seed: int, drawn: Drawn, *, protected: bool) -> SimulatedPlant:
    """The plant of a scenario at its start, with the scenario's faults on their way."""
    file = scenario.file
    simulated = SimulatedPlant(
        scenario.plant, seed=seed, epoch_ns=EPOCH_NS, warm_s=file.warm_s, variation=factors(drawn)
    )
    if not protected:
        simulated.faults.defeat(function.name for function in scenario.plant.file.functions)
    for fault in file.faults:
        simulated.faults.inject(
            fault.name, fault.at_s + drawn.delay_s, duration_s=fault.lasts_s, point=fault.point, ramp_s=fault.ramp_s
        )
    return simulated


def factors(drawn: Drawn) -> dict[str, float]:
    """A draw as the simulated plant takes it."""
    return {"kinetics": drawn.kinetics, "heat_transfer": drawn.heat_transfer, "noise": drawn.noise}


def asked_for(scenario: Scenario) -> dict[int, tuple[Request, ...]]:
    """What people ask in a scenario, by the number of the scan that takes it up."""
    period_s = scenario.plant.file.scan_period_s
    found: dict[int, tuple[Request, ...]] = {}
    for i, asked in enumerate(scenario.file.requests):
        number = max(1, math.ceil(asked.at_s / period_s))
        made_ns = EPOCH_NS + round(asked.at_s * NS_PER_S)
        request = Request(
            id=f"{scenario.name}-{i}", kind=asked.kind, subject=asked.subject, occurrence=asked.occurrence,
            actor=asked.actor, role=asked.role, second_actor=asked.second_actor, made_ns=made_ns,
            valid_until_ns=made_ns + round(VALID_S * NS_PER_S), body=dict(asked.body),
        )  # fmt: skip
        found[number] = (*found.get(number, ()), request)
    return found


class VirtualScans:
    """Scan after scan of a simulated plant through the engine, with the journal's chain."""

    def __init__(self, scenario: Scenario, simulated: SimulatedPlant, *, fast: bool = True) -> None:
        """Without `fast`, no fast groups are read: as on the wire in lock step, where nothing is between two scans."""
        self.plant, self.simulated = scenario.plant, simulated
        self.engine = Engine(scenario.plant)
        self.seq, self.head = 0, GENESIS
        self._assembly = Assembly(scenario.plant)
        self._sources = virtual_sources(simulated)
        self._fast = VirtualFast(simulated) if fast else None
        self._events = VirtualEvents(simulated)
        self._clock = Clock.simulated(rate=1.0, epoch_ns=EPOCH_NS)
        self.seconds = max(1, round(scenario.plant.file.scan_period_s))
        self._asked = asked_for(scenario)

    async def next(self) -> tuple[ScanRecord, list[EventRow]]:
        """Live one scan period, read, judge."""
        fast = NO_FAST_SAMPLES
        if self._fast is not None:
            fast = self._fast.live(self.seconds)
        else:
            self.simulated.advance(self.seconds)
        number = self.engine.last_number + 1
        for source in self._sources:
            self._assembly.take(source, await source.read(self._clock), number)
            self._assembly.count(source)
        time_ns = self.simulated.time_ns
        asked = self._asked.get(number, ())
        record = self.engine.step(self._assembly.frame(number, time_ns, fast, self._events.read()), asked)
        rows = chained(record.facts, scan=number, time_ns=time_ns, seq=self.seq, previous=self.head)
        if rows:
            self.seq, self.head = rows[-1].seq, rows[-1].hash
        return record, rows


class TrueState:
    """Collects what a run keeps of the true state."""

    def __init__(self, simulated: SimulatedPlant, wanted: Wanted) -> None:
        self._simulated, self._wanted = simulated, wanted
        self.quantity: list[list[float]] = []
        self._tripped: list[list[bool]] = []
        self._safe: list[list[bool]] = []

    def look(self) -> None:
        """Take down this instant."""
        truth, safety = self._simulated.truth(), self._simulated.safety
        self.quantity.append([truth.get(name, np.nan) for name in self._wanted.quantities])
        self._tripped.append([safety.tripped[name] for name in self._wanted.functions])
        self._safe.append([safety.valves[name].at_safe_end for name in self._wanted.elements])

    def series(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]]:
        """By name, one entry a scan: quantities, tripped, safe."""
        wanted = self._wanted
        quantity = np.array(self.quantity, dtype=np.float64).reshape(len(self.quantity), len(wanted.quantities))
        tripped = np.array(self._tripped, dtype=np.bool_).reshape(len(self._tripped), len(wanted.functions))
        safe = np.array(self._safe, dtype=np.bool_).reshape(len(self._safe), len(wanted.elements))
        return (
            {name: np.ascontiguousarray(quantity[:, i]) for i, name in enumerate(wanted.quantities)},
            {name: np.ascontiguousarray(tripped[:, i]) for i, name in enumerate(wanted.functions)},
            {name: np.ascontiguousarray(safe[:, i]) for i, name in enumerate(wanted.elements)},
        )


def run_virtual(scenario: Scenario, wanted: Wanted, *, seed: int, drawn: Drawn, protected: bool) -> Trace:
    """One run from the start of the scenario to its end; without protection only until a while after the loss."""
    began = time.process_time()
    simulated = simulated_plant(scenario, seed, drawn, protected=protected)
    kept = _Kept(scenario, wanted)
    state = TrueState(simulated, wanted)
    if protected:
        asyncio.run(_scan_all(scenario, simulated, state, kept))
    else:
        _live_all(scenario, simulated, state, scenario.n_scans, AFTER_LOSS_S)
    return _trace(scenario, seed, drawn, state, kept, protected=protected, began=began)


def run_alone(
    scenario: Scenario,
    wanted: Wanted,
    *,
    seed: int,
    drawn: Drawn,
    function: str | None = None,
    from_s: float | None = None,
    n_scans: int,
) -> Trace:
    """The unprotected plant with one function at most, up to its loss; nothing is scanned.

    function: acts by its vote while all others are defeated. from_s: instead, it is defeated too until then, and from
    then on acts whatever it votes.
    """
    began = time.process_time()
    simulated = simulated_plant(scenario, seed, drawn, protected=False)
    if function is not None and from_s is None:
        simulated.faults.defeat(one.name for one in scenario.plant.file.functions if one.name != function)
    elif function is not None and from_s is not None:
        simulated.faults.command(function, from_s)
    state = TrueState(simulated, wanted)
    _live_all(scenario, simulated, state, n_scans, 0.0)
    return _trace(scenario, seed, drawn, state, _Kept(scenario, wanted), protected=False, began=began)


def _trace(
    scenario: Scenario, seed: int, drawn: Drawn, state: "TrueState", kept: "_Kept", *, protected: bool, began: float
) -> Trace:
    truth, tripped, safe = state.series()
    return Trace(
        seed=seed,
        drawn=drawn,
        protected=protected,
        period_s=scenario.plant.file.scan_period_s,
        events=tuple(kept.events),
        truth=truth,
        measured=kept.series(),
        tripped=tripped,
        safe=safe,
        onset_s=tuple((fault.name, fault.at_s + drawn.delay_s) for fault in scenario.file.faults),
        lost_s=_lost_s(scenario, truth),
        digest=kept.digest(),
        cpu_s=time.process_time() - began,
    )


class _Kept:
    """What a run keeps of the record."""

    def __init__(self, scenario: Scenario, wanted: Wanted) -> None:
        row = scenario.plant.points.row
        self._names = wanted.points
        self._rows = np.array([row[name] for name in wanted.points], dtype=np.intp)
        self._period_s = scenario.plant.file.scan_period_s
        self._measured: list[np.ndarray] = []
        self._bytes = hashlib.sha256()
        self.events: list[Said] = []

    def take(self, record: ScanRecord, rows: list[EventRow]) -> None:
        """One scan."""
        frame = record.frame
        fast = frame.fast
        for array in (
            *(frame.value, frame.status, frame.source_time_ns, frame.received, frame.origin, frame.resolution_ns),
            *(fast.point, fast.group, fast.value, fast.status, fast.begun_ns, fast.ended_ns),
        ):
            self._bytes.update(array.tobytes())
        for row in rows:
            self._bytes.update(row.hash.encode())
        self._measured.append(frame.value[self._rows])
        at_s = frame.number * self._period_s
        self.events += [
            Said(at_s=at_s, scan=frame.number, kind=fact.kind, subject=fact.subject, body=fact.body)
            for fact in record.facts
        ]

    def series(self) -> dict[str, np.ndarray]:
        """By point, one entry a scan."""
        table = np.array(self._measured, dtype=np.float64).reshape(len(self._measured), len(self._names))
        return {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(self._names)}

    def digest(self) -> str:
        """SHA-256 of all that was taken."""
        return self._bytes.hexdigest()


async def _scan_all(scenario: Scenario, simulated: SimulatedPlant, state: TrueState, kept: _Kept) -> None:
    scans = VirtualScans(scenario, simulated)
    for _ in range(scenario.n_scans):
        record, rows = await scans.next()
        kept.take(record, rows)
        state.look()


def _live_all(
    scenario: Scenario, simulated: SimulatedPlant, state: TrueState, n_scans: int, past_loss_s: float
) -> None:
    period_s, loss = scenario.plant.file.scan_period_s, scenario.file.loss
    seconds, left = max(1, round(period_s)), n_scans
    beyond = False
    while left > 0:
        simulated.advance(seconds)
        state.look()
        left -= 1
        if loss is not None and not beyond and _beyond(scenario, state.quantity[-1][0]):
            beyond, left = True, min(left, round(past_loss_s / period_s))


def _beyond(scenario: Scenario, value: float) -> bool:
    loss = scenario.file.loss
    assert loss is not None  # noqa: S101  # asked only where a loss is declared
    return value >= loss.limit if loss.direction == "H" else value <= loss.limit


def _lost_s(scenario: Scenario, truth: dict[str, np.ndarray]) -> float | None:
    loss = scenario.file.loss
    if loss is None:
        return None
    series = truth[loss.quantity]
    rows = np.flatnonzero(series >= loss.limit if loss.direction == "H" else series <= loss.limit)
    return float((rows[0] + 1) * scenario.plant.file.scan_period_s) if rows.size else None

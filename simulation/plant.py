"""The simulated plant: process, control, safety system, instruments, people and faults on one simpy clock."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np
import simpy

from plantsafe.frame import F8
from plantsafe.plant import Plant
from simulation.control import BatchSequence, Recipe
from simulation.event_log import EventLog
from simulation.faults import PROCESS_KNOBS, FaultBook
from simulation.instruments import Instruments, load_binding
from simulation.living import Readings
from simulation.people import People
from simulation.safety_logic import SafetyLogic
from simulation.units.conditions import Conditions
from simulation.units.conveyor import Conveyor
from simulation.units.gas import Gas
from simulation.units.high_gravity import HighGravity
from simulation.units.microchannel import Microchannel
from simulation.units.nitration_tank import R101, R102, NitrationTank
from simulation.units.post_treatment import PostTreatment
from simulation.units.quench import Quench
from simulation.units.separation import Separation
from simulation.units.tubular import Tubular
from simulation.units.utilities import Utilities
from simulation.wander import Wander

NS_PER_S = 1_000_000_000
HEARTBEAT_MODULUS = 65_536  # what a uint16 holds
R102_STARTS_S = 900  # site default: the tanks of a workshop do not dose in step
WANDERING = (
    *("agitator", "air_kpa", "ambient", "bearing", "bus", "conveyor", "cw_basin", "cw_c", "cw_kpa", "dose", "h302"),
    *("h302_feed", "hot_water", "impurity", "interface", "jacket", "m201", "m201_acid", "m201_dp", "oxygen", "ph"),
    *("separator", "still", "t301", "t301_acid", "t301_dp", "vent", "wind", "agitator_2", "dose_2", "jacket_2"),
)


class SimulatedPlant:
    """A plant that lives a second at a time; the same seed and the same faults give the same bits.

    `epoch_ns` is the UTC of the first readings; `warm_s` seconds were lived before, so an hour finds R101 dosing.
    `variation` holds factors that make it another plant of the same kind: kinetics, heat_transfer, noise.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        seed: int,
        epoch_ns: int,
        warm_s: float = 3600.0,
        variation: Mapping[str, float] | None = None,
    ) -> None:
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)]
        warm = max(1, round(warm_s))
        self.plant = plant
        self.faults = FaultBook(frozenset(plant.points.names[: plant.n_read]))
        varied = {"kinetics": 1.0, "heat_transfer": 1.0, "noise": 1.0, **(variation or {})}
        if variation:
            self.faults.vary(kinetics=varied["kinetics"], heat_transfer=varied["heat_transfer"])
        self._env = simpy.Environment()
        self._until = 0
        self._devices: dict[str, float] = {}  # knobs of instruments and of the safety system
        self._now = 0
        self._start_ns = epoch_ns - warm * NS_PER_S
        self._wander = Wander(WANDERING, streams[0])
        self.tank, self.fast_tank = NitrationTank(Recipe(), R101), NitrationTank(Recipe(), R102)
        self._people = People(self._env, plant.file.workshops, streams[1])
        self.safety = SafetyLogic(plant)
        self.events = EventLog(plant, self.safety)
        self._conditions = Conditions(knobs=self.faults.knobs, wander=self._wander.now)
        binding = load_binding(plant)
        binding = replace(binding, noise=binding.noise * varied["noise"])
        bits = [i for i, quantity in enumerate(binding.quantity) if quantity.startswith("sis.")]
        self._bit_rows = np.array(bits, dtype=np.intp)
        self._bit_quantity = tuple(binding.quantity[i] for i in bits)
        measured = np.setdiff1d(np.arange(plant.n_read), self._bit_rows)
        self._measured_rows = measured
        self._measured = tuple(binding.quantity[i] for i in measured.tolist())
        self._take_measured = itemgetter(*self._measured)
        self._true = np.zeros(plant.n_read)
        self._true[self._bit_rows] = self.safety.bits(self._bit_quantity)
        self._utilities = Utilities()
        quantity = dict(zip(plant.points.names[: plant.n_read], binding.quantity, strict=True))
        self._units = (
            self.tank,
            self.fast_tank,
            Quench(),
            Separation(self.tank.recipe),
            Conveyor(),
            Microchannel(),
            Tubular(),
            HighGravity(),
            PostTreatment("m201", normal_kg_h=90.0, normal_kg=12.0),
            PostTreatment("t301", normal_kg_h=1_500.0, normal_kg=150.0),
            PostTreatment("h302", normal_kg_h=3_000.0, normal_kg=250.0),
            Gas(plant.file.gas_detectors, quantity, "P11"),
        )
        self._beats = {f"heartbeat.{name}": 0 for name in plant.read_sources}
        self._run_batches(self.tank, starts_after_s=0)
        self._run_batches(self.fast_tank, starts_after_s=R102_STARTS_S)
        self._conditions.opening = self.safety.opening
        self._conditions.tripped = self.safety.tripped
        self._live()
        for quantity in self._measured:
            self._conditions.truth.setdefault(quantity, 0.0)
        truth = self._true_values()
        self.instruments = Instruments(plant, binding, truth, streams[2], self._start_ns)
        self._env.process(self._seconds())
        self.advance(warm)

    @property
    def time_ns(self) -> int:
        """UTC of the readings."""
        return self._start_ns + self._now * NS_PER_S

    def advance(self, scans: int = 1) -> None:
        """Live `scans` seconds."""
        self._until += scans
        while self._env.peek() < self._until:  # env.run makes an event of every end
            self._env.step()

    def readings(self) -> Readings:
        """What the instruments show now; the arrays are the caller's own."""
        shown = self.instruments
        return Readings(
            value=shown.value.copy(),
            status=shown.status.copy(),
            source_time_ns=shown.source_time_ns.copy(),
            time_ns=self.time_ns,
        )

    def within(self, fraction: float) -> F8 | None:
        """What was shown when `fraction` of the last second had passed; None where it is what is shown now.

        Readings and trips of a second are there from its beginning, valves move through it.
        """
        if not self.safety.moving:
            return None
        bits = [
            (row, float(self.safety.valves[quantity.removeprefix("sis.valve.")].was_at_safe_end(fraction)))
            for row, quantity in zip(self._bit_rows.tolist(), self._bit_quantity, strict=True)
            if quantity.startswith("sis.valve.")
        ]
        rows = np.array([row for row, _ in bits], dtype=np.intp)
        return self.instruments.with_bits(rows, np.array([bit for _, bit in bits]))

    def truth(self) -> dict[str, float]:
        """True quantities, whatever the instruments show."""
        return dict(self._conditions.truth)

    def silent_sources(self) -> set[str]:
        """Sources that do not answer; servers honour it."""
        return {name for name in self.plant.read_sources if f"source.{name}.silent" in self.faults.knobs}

    def reset_trips(self) -> tuple[str, ...]:
        """An operator's reset of all latched trips; names of those that stay on because their cause still holds."""
        return tuple(name for name, on in self.safety.tripped.items() if on and not self.safety.reset(name))

    def _run_batches(self, tank: NitrationTank, starts_after_s: int) -> None:
        valves = self.safety.valves
        BatchSequence(
            self._env,
            tank.recipe,
            temperature_c=lambda: tank.temperature_c,
            dosed_kg=lambda: tank.dosed_kg,
            volume_m3=lambda: tank.state.volume_m3,
            dosing_blocked=lambda: any(valves[name].at_safe_end for name in tank.build.blocks),
            starts_after_s=starts_after_s,
        )

    def _seconds(self) -> Generator[simpy.Event, Any, None]:
        while True:
            self._now += 1
            self.faults.update(float(self._now))
            if self.faults.changed:
                self._turn_devices()
            self._live()
            time_ns = self.time_ns
            shown, safety = self.instruments, self.safety
            shown.read(self._true_values(), time_ns)
            safety.step(shown.value, shown.status, self._conditions.truth["u.air_kpa"])
            if safety.changed:
                self._true[self._bit_rows] = safety.bits(self._bit_quantity)
                shown.show_bits(self._bit_rows, self._true[self._bit_rows], time_ns)
            self.events.step(time_ns)
            yield self._env.timeout(1)

    def _turn_devices(self) -> None:
        """Take up knobs that are compiled; those of the process are read as they stand."""
        devices = {knob: value for knob, value in self.faults.knobs.items() if knob not in PROCESS_KNOBS}
        if devices != self._devices:
            self._devices = devices
            self.instruments.compile(devices)
            self.safety.compile(devices)

    def _live(self) -> None:
        """One second of the process, before anything is measured."""
        self._wander.step()
        c = self._conditions
        c.wander = self._wander.now
        self._utilities.step(c)
        for unit in self._units:
            unit.step(c)
        for name, count in self._people.count.items():
            c.truth[f"people.{name}"] = max(float(count), c.knobs.get(f"people.{name}", 0.0))
        for beat, count in self._beats.items():
            if f"{beat}.frozen" not in c.knobs:
                self._beats[beat] = (count + 1) % HEARTBEAT_MODULUS
            c.truth[beat] = float(self._beats[beat])

    def _true_values(self) -> F8:
        self._true[self._measured_rows] = self._take_measured(self._conditions.truth)
        return self._true

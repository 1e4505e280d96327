"""The batch sequence of a nitration tank: recipe phases, setpoints and flows, as a simpy process."""

from collections.abc import Callable, Generator
from enum import IntEnum
from typing import Any

import simpy


class Phase(IntEnum):
    """Phases of the R101 recipe: the codes of point PH-101."""

    IDLE = 0
    CHARGE = 1
    PREHEAT = 2
    DOSE = 3
    REACT_OUT = 4
    COOL = 5
    DISCHARGE = 6
    CLEAN = 7


# Site defaults: the recipe of the demo batch. Dose and its time are those of parameter set N2.
REACTION_C = 62.0
CHARGE_C = 58.0
COOLED_C = 42.0
DISCHARGE_C = 40.0
CHARGE_KG_H = 28_800.0  # 3 m3 of 1600 kg/m3 in ten minutes
CHARGE_S = 600
DOSE_KG = 1600.0
DOSE_KG_H = 400.0
PREHEAT_SETTLE_S = 180
REACT_OUT_S = 1800
DISCHARGE_KG_H = 19_200.0
CLEAN_S = 900
IDLE_S = 300
RAMP_C_S = 0.8 / 60.0


class Recipe:
    """What the sequence asks of the tank, and what it sees of it.

    reaction_c: where the dosing may begin; another one than REACTION_C is a wrong entry in the recipe.
    """

    def __init__(self) -> None:
        self.phase = Phase.IDLE
        self.batch = 1
        self.t_setpoint_c = DISCHARGE_C
        self.reaction_c = REACTION_C
        self.dose_kg_h = 0.0
        self.charge_kg_h = 0.0
        self.discharge_kg_h = 0.0
        self.cleaning = False


Second = Generator[simpy.Event, Any, None]


class BatchSequence:
    """The recipe as a simpy process: from charge to clean, then the next batch, for ever.

    While the safety system holds a block valve shut the dosing waits; it goes on after an operator's reset.
    """

    def __init__(
        self,
        env: simpy.Environment,
        recipe: Recipe,
        *,
        temperature_c: Callable[[], float],
        dosed_kg: Callable[[], float],
        volume_m3: Callable[[], float],
        dosing_blocked: Callable[[], bool],
        starts_after_s: int = 0,
    ) -> None:
        self._env = env
        self._starts_after_s = starts_after_s
        self.recipe = recipe
        self._temperature_c, self._dosed_kg, self._volume_m3 = temperature_c, dosed_kg, volume_m3
        self._dosing_blocked = dosing_blocked
        self.process = env.process(self._run())

    def _run(self) -> Second:
        recipe = self.recipe
        yield self._env.timeout(self._starts_after_s)
        while True:
            yield from self._charge()
            yield from self._preheat()
            yield from self._dose()
            recipe.phase = Phase.REACT_OUT
            yield self._env.timeout(REACT_OUT_S)
            yield from self._cool()
            yield from self._discharge()
            recipe.phase, recipe.cleaning = Phase.CLEAN, True
            yield self._env.timeout(CLEAN_S)
            recipe.phase, recipe.cleaning = Phase.IDLE, False
            yield self._env.timeout(IDLE_S)
            recipe.batch += 1

    def _charge(self) -> Second:
        recipe = self.recipe
        recipe.phase, recipe.charge_kg_h, recipe.t_setpoint_c = Phase.CHARGE, CHARGE_KG_H, CHARGE_C
        yield self._env.timeout(CHARGE_S)
        recipe.charge_kg_h = 0.0

    def _preheat(self) -> Second:
        self.recipe.phase = Phase.PREHEAT
        yield from self._ramp(REACTION_C)
        while abs(self._temperature_c() - self.recipe.reaction_c) > 0.5:
            yield self._env.timeout(1)
        yield self._env.timeout(PREHEAT_SETTLE_S)

    def _dose(self) -> Second:
        recipe = self.recipe
        recipe.phase = Phase.DOSE
        while self._dosed_kg() < DOSE_KG:
            recipe.dose_kg_h = 0.0 if self._dosing_blocked() else DOSE_KG_H
            yield self._env.timeout(1)
        recipe.dose_kg_h = 0.0

    def _cool(self) -> Second:
        self.recipe.phase = Phase.COOL
        yield from self._ramp(DISCHARGE_C)
        while self._temperature_c() > COOLED_C:
            yield self._env.timeout(1)

    def _discharge(self) -> Second:
        recipe = self.recipe
        recipe.phase, recipe.discharge_kg_h = Phase.DISCHARGE, DISCHARGE_KG_H
        while self._volume_m3() > 0.08:
            yield self._env.timeout(1)
        recipe.discharge_kg_h = 0.0

    def _ramp(self, to_c: float) -> Second:
        while self.recipe.t_setpoint_c != to_c:
            gap = to_c - self.recipe.t_setpoint_c
            self.recipe.t_setpoint_c = (
                to_c if abs(gap) <= RAMP_C_S else self.recipe.t_setpoint_c + RAMP_C_S * (1.0 if gap > 0.0 else -1.0)
            )
            yield self._env.timeout(1)

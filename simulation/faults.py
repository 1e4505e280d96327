"""Faults as data: what fails, where it acts, from when, how fast; several at once compose.

A fault acts on knobs. Process knobs are listed in PROCESS_KNOBS with their healthy value; those of instruments, valves,
safety functions and sources have names built from the plant file:

    instrument.<point>.<mode>   stuck | bias | dropout | slow | frozen_stamp       (see `instruments`)
    sis.bypass.<point>, sis.defeat.<function>, sis.trip.<function> (its output fails to the tripped side)
    sis.setpoint.<function>   by how much somebody changed it
    valve.<element>.slow, valve.<element>.stuck
    source.<source>.silent, heartbeat.<source>.frozen
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from plantsafe.errors import SimulationError

HELD = -1.0  # healthy value of a knob that overrides a position: nothing is forced

TANK_KNOBS: dict[str, float] = {
    "jacket_flow": 1.0,
    "emergency_flow": 1.0,
    "agitator": 1.0,
    "dosing_valve_pct": HELD,
    "dosing_bypass_kg_h": 0.0,
    "hot_mode": 0.0,
    "setpoint_k": 0.0,
    "charge_k": 0.0,
    "fouling": 1.0,
}
PROCESS_KNOBS: dict[str, float] = {
    **{f"{tank}.{name}": healthy for tank in ("r101", "r102") for name, healthy in TANK_KNOBS.items()},
    "s101.overheat_k": 0.0,
    "c101.discharge": 1.0,
    "m201.coolant": 1.0,
    "m201.clogged": 0.0,
    "m201.blocked_channels": 0.0,
    "m201.organic": 1.0,
    "t301.coolant": 1.0,
    "t301.coolant_k": 0.0,
    "t301.organic": 1.0,
    "t301.fouled": 0.0,
    "h302.rotor": 1.0,
    "h302.organic": 1.0,
    "h302.fouled": 0.0,
    **{f"{line}.leak_kg_h": 0.0 for line in ("m201", "t301", "h302")},
    **{f"{line}.sent": 1.0 for line in ("m201", "t301", "h302")},
    "u.cooling_water": 1.0,
    "u.power": 1.0,
    "u.air": 1.0,
    "u.emergency_leak_m3_h": 0.0,
    "u.hot_water_k": 0.0,
    "gas.no2_kg_s": 0.0,
    "people.P11": 0.0,
    "kinetics": 1.0,
    "heat_transfer": 1.0,
}
OTHER_KNOBS = ("instrument", "sis", "valve", "source", "heartbeat")
_FACTORS = frozenset(knob for knob, healthy in PROCESS_KNOBS.items() if healthy == 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One knob turned to `value` from `from_s` after the onset, over `ramp_s`, until `until_s` (None: to the end)."""

    knob: str
    value: float
    from_s: float = 0.0
    ramp_s: float = 0.0
    until_s: float | None = None

    def share(self, since_onset_s: float) -> float:
        """How far the knob is turned, 0 to 1."""
        if since_onset_s < self.from_s or (self.until_s is not None and since_onset_s >= self.until_s):
            return 0.0
        return 1.0 if self.ramp_s <= 0.0 else min(1.0, (since_onset_s - self.from_s) / self.ramp_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A catalogue entry. `point` is what `{point}` in its knobs stands for unless told otherwise."""

    name: str
    title_en: str
    title_zh: str
    effects: tuple[Effect, ...]
    point: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """A fault on its way: `onset` is the plant second of its beginning, `end` of its end if it has one."""

    fault: Fault
    onset: float
    end: float | None


@cache
def load_catalogue() -> dict[str, Fault]:
    """The faults that `faults.yaml` beside this module describes, by name."""
    text = resources.files("simulation").joinpath("faults.yaml").read_text(encoding="utf-8")
    tree: dict[str, Any] = YAML(typ="safe").load(text)
    return {
        name: Fault(
            name=name,
            title_en=entry["title"]["en"],
            title_zh=entry["title"]["zh"],
            effects=tuple(Effect(**effect) for effect in entry["effects"]),
            point=entry.get("point"),
        )
        for name, entry in tree.items()
    }


class FaultBook:
    """What is wrong with the plant now. `knobs` holds every process knob, and of the others those that are turned."""

    def __init__(self, points: frozenset[str]) -> None:
        self.catalogue = load_catalogue()
        self.knobs: dict[str, float] = dict(PROCESS_KNOBS)
        self.changed = False  # whether the last update moved a knob; readers that compile knobs look at it
        self._cleared = False
        self._points = points
        self._now = 0.0
        self._injected: dict[str, Injected] = {}

    def inject(
        self,
        name: str,
        onset_s: float = 0.0,
        *,
        duration_s: float | None = None,
        point: str | None = None,
        ramp_s: float | None = None,
    ) -> None:
        """Begin a fault `onset_s` from now; a second injection of the same fault (and point) replaces the first.

        `ramp_s` replaces the ramp of the catalogue.
        """
        if name not in self.catalogue:
            raise SimulationError(f"there is no fault {name!r}", mend=f"one of: {', '.join(sorted(self.catalogue))}")
        if onset_s < 0.0 or (duration_s is not None and duration_s <= 0.0):
            wrong = f"fault {name}: onset {onset_s} s, duration {duration_s} s"
            raise SimulationError(wrong, mend="give times above 0")
        fault = self.catalogue[name]
        if point is not None and fault.point is None:
            raise SimulationError(f"fault {name} does not act on one point", mend="leave the point out")
        if point is not None and point not in self._points:
            raise SimulationError(f"fault {name}: there is no point {point!r}", mend="name a point of the plant file")
        if fault.point is not None:
            fault = _at_point(fault, point or fault.point)
        if ramp_s is not None:
            fault = replace(fault, effects=tuple(replace(effect, ramp_s=ramp_s) for effect in fault.effects))
        onset = self._now + onset_s
        end = None if duration_s is None else onset + duration_s
        self._injected[name if point is None else f"{name}:{point}"] = Injected(fault=fault, onset=onset, end=end)

    def defeat(self, functions: Iterable[str]) -> None:
        """Let none of `functions` act from now on: the unprotected twin of a scenario."""
        effects = tuple(Effect(knob=f"sis.defeat.{name}", value=1.0) for name in functions)
        fault = Fault(name="unprotected", title_en="no safety function acts", title_zh="联锁全部拒动", effects=effects)
        self._injected[fault.name] = Injected(fault=fault, onset=self._now, end=None)

    def command(self, function: str, from_s: float) -> None:
        """Let `function` drive its final elements from `from_s` on whatever it votes, defeated or not."""
        effect = Effect(knob=f"sis.trip.{function}", value=1.0)
        fault = Fault(name="commanded", title_en=f"{function} acts", title_zh=f"{function}动作", effects=(effect,))
        self._injected[fault.name] = Injected(fault=fault, onset=self._now + from_s, end=None)

    def vary(self, *, kinetics: float, heat_transfer: float) -> None:
        """Let every reactor react and transfer heat by these factors from now on: a robustness run."""
        effects = (Effect(knob="kinetics", value=kinetics), Effect(knob="heat_transfer", value=heat_transfer))
        fault = Fault(name="variation", title_en="another plant of the same kind", title_zh="同类装置", effects=effects)
        self._injected[fault.name] = Injected(fault=fault, onset=self._now, end=None)

    def clear(self, name: str) -> None:
        """End a fault (`name`, or `name:point`); one that was not injected is left alone."""
        self._cleared = self._injected.pop(name, None) is not None or self._cleared

    def active(self) -> tuple[str, ...]:
        """Names of the faults that act now, in order of injection."""
        return tuple(name for name, entry in self._injected.items() if self._acts(entry))

    def update(self, now: float) -> None:
        """Turn the knobs for plant second `now`: factors multiply, offsets add, positions take the last one."""
        self._now = now
        if not self._injected and not self._cleared:
            self.changed = False
            return
        self._cleared = False
        knobs = dict(PROCESS_KNOBS)
        for entry in self._injected.values():
            if self._acts(entry):
                for effect in entry.fault.effects:
                    share = effect.share(now - entry.onset)
                    if share > 0.0:
                        _turn(knobs, effect, share)
        self.changed = knobs != self.knobs
        self.knobs.clear()
        self.knobs.update(knobs)

    def _acts(self, entry: Injected) -> bool:
        return entry.onset <= self._now and (entry.end is None or self._now < entry.end)


def _turn(knobs: dict[str, float], effect: Effect, share: float) -> None:
    if effect.knob in _FACTORS:
        knobs[effect.knob] *= 1.0 + share * (effect.value - 1.0)
    elif PROCESS_KNOBS.get(effect.knob) == HELD:
        knobs[effect.knob] = effect.value
    else:
        knobs[effect.knob] = knobs.get(effect.knob, 0.0) + share * effect.value


def _at_point(fault: Fault, point: str) -> Fault:
    effects = tuple(replace(effect, knob=effect.knob.replace("{point}", point)) for effect in fault.effects)
    return replace(fault, effects=effects, point=point)

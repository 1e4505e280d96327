"""What one run showed: the events of the record, the true state second by second, what the record holds of points."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plantsafe.frame import F8, Bool
from simulation.scenario import Scenario
from simulation.trial.variation import Drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event of the record: seconds from the start, scan, kind, subject, particulars."""

    at_s: float
    scan: int
    kind: str
    subject: str
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run keeps for its verdict and its report: true quantities, points of the record, functions, elements."""

    quantities: tuple[str, ...]
    points: tuple[str, ...]
    functions: tuple[str, ...]
    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One run. Arrays have one entry a scan (n_scans,), the first at one scan period after the start.

    truth: true quantities. measured: points as the record holds them, NaN where Bad; empty without protection.
    tripped: true state of the safety system's functions. safe: whether a final element truly is at its safe end.
    onset_s: when each fault of the scenario began. lost_s: when the loss limit was first crossed.
    digest: SHA-256 over every byte of the frames and over the hash chain of the events.
    """

    seed: int
    drawn: Drawn
    protected: bool
    period_s: float
    events: tuple[Said, ...]
    truth: Mapping[str, F8]
    measured: Mapping[str, F8]
    tripped: Mapping[str, Bool]
    safe: Mapping[str, Bool]
    onset_s: tuple[tuple[str, float], ...]
    lost_s: float | None
    digest: str
    cpu_s: float

    @property
    def at_s(self) -> F8:
        """Seconds from the start of each entry."""
        n = max((len(series) for series in self.truth.values()), default=0)
        at_s: F8 = np.arange(1, n + 1, dtype=np.float64) * self.period_s
        return at_s

    def onset(self, after: str | None = None) -> float:
        """When the first fault began, or the one named."""
        return min(at_s for name, at_s in self.onset_s if after is None or name == after)

    def first(
        self, kinds: Iterable[str], subject: str | None, after_s: float = 0.0, says: Mapping[str, Any] | None = None
    ) -> Said | None:
        """The first event of these kinds from `after_s` on; of any subject when none is named.

        says: particulars that it must have.
        """
        kinds, said = frozenset(kinds), (says or {}).items()
        for event in self.events:
            if event.kind in kinds and event.at_s >= after_s and subject in (None, event.subject):
                if said and any(event.body.get(key) != value for key, value in said):
                    continue
                return event
        return None

    def first_s(self, holds: Bool, after_s: float = 0.0) -> float | None:
        """Seconds from the start of the first entry from `after_s` on where `holds` (n_scans,)."""
        rows = np.flatnonzero(holds & (self.at_s[: len(holds)] >= after_s))
        return float((rows[0] + 1) * self.period_s) if rows.size else None


def wanted_by(scenario: Scenario, limits: Iterable[str], measures: Mapping[str, str]) -> Wanted:
    """What the verdict and the report of `scenario` look at.

    `limits`: quantities whose range of validity is watched. `measures`: quantity by point.
    """
    file, plant = scenario.file, scenario.plant
    expected = {act.function for act in file.act}
    functions = [function for function in plant.file.functions if function.name in expected]
    inputs = [channel.point for function in functions for channel in function.inputs]
    modes = [function.hazardous_mode for function in functions if function.hazardous_mode is not None]
    quantities = [*file.show, *limits, *(act.safe.quantity for act in file.act if act.safe is not None)]
    quantities += [measures[point] for point in (*inputs, *modes)]
    if file.loss is not None:
        quantities.insert(0, file.loss.quantity)
    elements = dict.fromkeys(e.name for function in plant.file.functions for e in function.elements)
    return Wanted(
        quantities=tuple(dict.fromkeys(quantities)),
        points=tuple(dict.fromkeys(inputs)),
        functions=tuple(function.name for function in plant.file.functions),
        elements=tuple(elements),
    )

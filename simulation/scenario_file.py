"""The form of a scenario file: what fails and when, what must be seen and done by when, and where the loss is.

Times are seconds from the start of the scenario for faults, and seconds after a fault for everything that must follow
it: the first fault, or the one that `after` names. Functions that `act` and `may_act` do not name must not act.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from plantsafe.plant.model import Entry, Name, Text
from plantsafe.plant.model.entry import Found, Ruled
from plantsafe.request import RequestKind, Role

EVENT_KINDS = frozenset(
    {
        *("alarm_raised", "alarm_cleared", "finding_raised", "finding_cleared", "finding_explained"),
        *("alarm_not_available", "alarm_available", "clock_step"),
        *("alarm_suppressed", "alarm_unsuppressed", "alarm_came_back", "alarm_annunciated"),
        *("alarm_chattering", "alarm_chattering_over", "alarm_stale", "flood_started", "flood_ended"),
        *("demand_started", "tripped", "trip_explained", "spurious_trip", "failure_on_demand"),
        *("safe_state_reached", "safe_state_lost", "bypass_on", "bypass_off"),
        *("bypass_began", "bypass_ended", "bypass_reminder", "bypass_record_cancelled", "bypass_handover_due"),
        *("bypass_approved", "bypass_taken_over", "element_stroke", "element_failed", "effect_not_ready"),
        *("window_left", "window_regained", "window_account"),
        *("request_refused", "request_expired"),
        *(
            "restart_locked",
            "restart_confirmed",
            "effect_state",
            "device_event",
            "device_events_lost",
            "device_response",
            "first_out",
        ),
    }
)
"""Kinds of events that the engine gives and a scenario may speak of; a misspelt kind could never happen."""


class InjectedFault(Entry):
    """A fault of the simulator's catalogue: its onset, and where they differ from the catalogue its ramp and its end.

    lasts_s: how long after the onset it ends. point: the instrument, for a fault that acts on one.
    """

    name: str
    at_s: float = Field(ge=0)
    ramp_s: float | None = Field(default=None, ge=0)
    lasts_s: float | None = Field(default=None, gt=0)
    point: Name | None = None


class AskedFor(Entry):
    """What a person asks of the scan service, as from a page: an acknowledgement, the record of a bypass."""

    at_s: float = Field(ge=0)
    kind: RequestKind
    subject: Name
    actor: str = Field(min_length=1)
    role: Role = Role.ENGINEER
    second_actor: str = ""
    occurrence: int = Field(default=0, ge=0)
    body: dict[str, str | float | bool] = Field(default_factory=dict)


class Followed(Entry):
    """Something that must follow a fault within so many seconds."""

    within_s: float = Field(gt=0)
    after: str | None = None


class MustRaise(Followed):
    """A condition (alarm or finding) that must be raised in time."""

    condition: str


class SafeState(Ruled):
    """The true quantity by which the process itself is seen to be safe, beside the positions of the final elements."""

    quantity: str
    at_most: float | None = None
    at_least: float | None = None

    def own_mistakes(self) -> Iterator[Found]:
        """One bound."""
        if (self.at_most is None) == (self.at_least is None):
            yield Found(("at_most",), "one bound is needed", "give either at_most or at_least", "bound")


class MustAct(Followed):
    """A safety function that must trip and truly reach its safe state in time, and stay there."""

    function: Name
    safe: SafeState | None = None


Particular = bool | int | float | str


class MustHappen(Followed):
    """An event that must stand in the journal in time; without a subject, one of any subject.

    says: particulars of the event that must be so, as `first_out: 1`.
    """

    kind: str
    subject: str | None = None
    says: dict[str, Particular] = Field(default_factory=dict)


class MustNotHappen(Entry):
    """An event that must not stand in the journal; without a subject, none of any subject. says: as of MustHappen."""

    kind: str
    subject: str | None = None
    says: dict[str, Particular] = Field(default_factory=dict)


class Loss(Entry):
    """The limit that must not be crossed, of a true quantity of the simulated process.

    unprotected: whether the same run with every safety function defeated crosses it (`crosses`), or not (`never`).
    protected: `crosses` where the accident is that protection is absent (all channels left in bypass).
    averted_by: the functions each of which averts it alone, where those are not all that must act.
    """

    quantity: str
    limit: float
    direction: Literal["H", "L"] = "H"
    unprotected: Literal["crosses", "never"]
    protected: Literal["crosses", "never"] = "never"
    averted_by: tuple[Name, ...] = ()
    title: Text | None = None


class Variation(Entry):
    """How far a robustness run may differ, drawn from its seed: shares to either side, and seconds of delay.

    kinetics: rate of reaction. heat_transfer: UA. noise: of all instruments. timing_s: later onset of the faults.
    """

    kinetics: float = Field(default=0.05, ge=0, lt=1)
    heat_transfer: float = Field(default=0.05, ge=0, lt=1)
    noise: float = Field(default=0.3, ge=0, lt=1)
    timing_s: float = Field(default=30.0, ge=0)


class ScenarioFile(Entry):
    """One simulated accident. `plant` is relative to the scenario file.

    warm_s: plant seconds lived before the start; an hour finds R101 of the demo plant dosing. show: further true
    quantities to draw.
    """

    title: Text
    description: Text | None = None
    plant: str
    seed: int = Field(default=1, ge=0)
    warm_s: float = Field(default=3600.0, ge=1, le=172_800)
    duration_s: float = Field(gt=0, le=172_800)
    faults: tuple[InjectedFault, ...] = Field(min_length=1)
    requests: tuple[AskedFor, ...] = ()
    raises: tuple[MustRaise, ...] = ()
    act: tuple[MustAct, ...] = ()
    may_act: tuple[Name, ...] = ()
    may_move: tuple[Name, ...] = ()
    events: tuple[MustHappen, ...] = ()
    no_events: tuple[MustNotHappen, ...] = ()
    loss: Loss | None = None
    show: tuple[str, ...] = ()
    variation: Variation = Variation()

"""One scan as a pure function with a memory of named arrays: no clock, socket, file or chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plantsafe.alarms.acts import ALARM_ACTS, decide
from plantsafe.alarms.book import AlarmBook
from plantsafe.alarms.console import consoles_of
from plantsafe.alarms.stamps import DeviceStamps
from plantsafe.alarms.suppression import DesignSuppression
from plantsafe.checks.approval import ApprovalCheck
from plantsafe.checks.clock_step import ClockStepCheck
from plantsafe.checks.course import Course
from plantsafe.checks.drift import DriftCheck
from plantsafe.checks.evidence import Evidence
from plantsafe.checks.expressions import ExpressionCheck
from plantsafe.checks.heat_balance import HeatBalanceCheck
from plantsafe.checks.limits import LimitCheck
from plantsafe.checks.line_balance import LineBalanceCheck
from plantsafe.checks.normal import NormalModel
from plantsafe.checks.occupancy import OccupancyCheck
from plantsafe.checks.operating_window import OperatingWindowCheck
from plantsafe.checks.phase_time import PhaseTimeCheck
from plantsafe.checks.redundant import RedundantCheck
from plantsafe.checks.source_watch import SourceWatchCheck
from plantsafe.checks.sources import SourceCheck
from plantsafe.checks.unit_monitor import UnitMonitorCheck
from plantsafe.errors import Mistake, PlantFileError
from plantsafe.frame import Frame, is_good
from plantsafe.journal.project import OpenCondition
from plantsafe.plant.plant_truths import PlantTruths
from plantsafe.plant.tables import Plant
from plantsafe.protection import (
    PROOF_ACTS,
    RESTART_ACTS,
    BypassCheck,
    BypassConsequences,
    DeviceEventCheck,
    EffectCheck,
    ElementCheck,
    FirstOutBitCheck,
    FunctionCheck,
    Ledger,
    PfdCheck,
    ReadinessCheck,
    RestartCheck,
    SetpointCheck,
)
from plantsafe.request import BYPASS_ACTS, MAY, NO_MODEL, Request, RequestKind
from plantsafe.scan.carry import carry
from plantsafe.store.arrays import pack, unpack
from plantsafe.verdict import Arrays, Check, Condition, Fact, Verdict

ENGINE_VERSION = "28"
"""Changes whenever the same frames would give another record; snapshots of another version are not taken up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRecord:
    """What one scan leaves behind: the qualified frame, facts for the journal, requests taken, arrays for pages."""

    frame: Frame
    facts: tuple[Fact, ...]
    taken: tuple[Request, ...]
    live: Arrays = field(default_factory=dict)


class Engine:
    """Judges frames of one plant, in the order of their numbers."""

    def __init__(self, plant: Plant, *, approved: bool = False) -> None:
        self.plant = plant
        self._sources = SourceCheck(plant)
        self._approval = ApprovalCheck(plant, approved=approved)
        self._bypasses = BypassCheck(plant)
        truths = PlantTruths(plant)
        readiness = ReadinessCheck(plant, truths)
        functions = FunctionCheck(plant, readiness)
        self._pfd = PfdCheck(plant, functions)
        effects = EffectCheck(plant, functions, truths)
        self._restarts = RestartCheck(plant, truths)
        # stepped and remembered by the drift check, which stands before the unit monitors
        self._course = course = Course(plant)
        drift = DriftCheck(plant, course)
        self.checks: tuple[Check, ...] = (
            self._sources,
            SourceWatchCheck(plant),
            ClockStepCheck(plant),
            self._approval,
            LimitCheck(plant),
            ExpressionCheck(plant, truths),
            readiness,
            functions,
            self._pfd,
            ElementCheck(plant),
            effects,
            self._restarts,
            self._bypasses,
            SetpointCheck(plant),
            DeviceEventCheck(plant),
            FirstOutBitCheck(plant),
            RedundantCheck(plant),
            OccupancyCheck(plant),
            OperatingWindowCheck(plant),
            PhaseTimeCheck(plant),
            HeatBalanceCheck(plant),
            LineBalanceCheck(plant),
            drift,
            UnitMonitorCheck(plant, course),
        )
        self.conditions: tuple[Condition, ...] = tuple(c for check in self.checks for c in check.conditions)
        _refuse_twins(self.conditions, plant.file.site.name)
        effects.place(self.conditions)
        self._blocks = _blocks(self.checks)
        self._design = DesignSuppression(plant, truths)
        self._consequences = BypassConsequences(plant, self.conditions, self._bypasses, functions)
        self.book = AlarmBook(
            self.conditions,
            by_design=(*self._design.names, *self._consequences.names),
            console=consoles_of(plant, self.conditions),
            period_s=plant.file.scan_period_s,
        )
        self._stamps = DeviceStamps(plant, self.book.row)
        self._evidence = Evidence(plant, self.conditions, drift)
        self._last_number = np.zeros(1, dtype=np.int64)

    @property
    def last_number(self) -> int:
        """Number of the last scan that was stepped, 0 before the first."""
        return int(self._last_number[0])

    def step(self, raw: Frame, requests: Sequence[Request] = ()) -> ScanRecord:
        """Judge `raw` and answer `requests`; frames must come with rising numbers."""
        if raw.number <= self.last_number:
            raise ValueError(f"frame {raw.number} after frame {self.last_number}: numbers must rise")
        if raw.plant != self.plant.hash:
            raise ValueError("the frame belongs to another plant description")
        gap = raw.number - self.last_number - 1 if self.last_number else 0
        self._last_number[0] = raw.number

        answers = [self._answer(request, raw) for request in requests]
        frame = self._sources.qualify(raw)
        verdict = Verdict(len(self.conditions), gap)
        for check, block in zip(self.checks, self._blocks, strict=True):
            check.evaluate(frame, verdict, block)
        consequences = self._consequences.now(verdict, self.book.hidden_by_people)
        by_design = np.concatenate([self._design.now(frame), consequences])
        why = {k: self._why_hidden(k, frame) for k in self.book.suppression_begins(by_design)}
        self.book.first_out.stamped(frame.time_ns, self._stamps.of(frame))
        moved = self.book.step(verdict, frame.number, self._sources.lost, by_design, why)
        return ScanRecord(
            frame=frame,
            facts=(*answers, *self._evidence.add(verdict.facts, moved), *moved),
            taken=tuple(requests),
            live=self._live(frame, verdict),
        )

    def _why_hidden(self, k: int, frame: Frame) -> Mapping[str, Any]:
        """Why the k-th of the conditions that may be suppressed by design is."""
        expressions = len(self._design.names)
        return self._design.inputs(k, frame) if k < expressions else self._consequences.why(k - expressions)

    def _answer(self, request: Request, frame: Frame) -> Fact:
        """Exactly one event for a request: done, refused with the reason, or expired."""
        body: dict[str, Any] = {
            "request": request.id,
            "occurrence": request.occurrence,
            "role": request.role.value,
            "second_actor": request.second_actor,
            "made_ns": request.made_ns,
            **{key: value for key, value in request.body.items() if key not in ("state", "reason")},
        }
        if frame.time_ns > request.valid_until_ns:
            return Fact(kind="request_expired", subject=request.subject, actor=request.actor, body=body)
        reason, done = "", request.kind.value
        if request.role not in MAY[request.kind]:
            reason = f"the role {request.role.value} may not {request.kind.value}"
        elif request.kind in ALARM_ACTS:
            decision = decide(self.book, request, frame.number, self.plant.period_ns)
            reason, done = decision.reason, decision.kind
            body |= decision.body
        elif request.kind in PROOF_ACTS:
            answered = self._pfd.answer(request, frame.time_ns)
            reason, done = answered.reason, answered.kind
            body |= answered.body
        elif request.kind in BYPASS_ACTS:
            reason, done, told = self._bypasses.decide(request, frame.number)
            body |= told
        elif request.kind in RESTART_ACTS:
            reason, done, told = self._restarts.decide(request, frame.number)
            body |= told
        elif request.kind is RequestKind.APPROVE_PLANT:
            reason, done = self._approve(request), "plant_approved"
            body["why"] = str(request.body.get("reason", ""))
        elif request.kind is RequestKind.LOAD_PLANT:
            reason, done = self._may_load(request), "plant_load_accepted"
        elif request.kind is RequestKind.LOAD_MODEL:
            reason, done = self._may_use(request), "model_load_accepted"
            body["why"] = str(request.body.get("reason", ""))
        if reason:
            body |= {"asked": request.kind.value, "reason": reason}
            return Fact(kind="request_refused", subject=request.subject, actor=request.actor, body=body)
        return Fact(kind=done, subject=request.subject, actor=request.actor, body=body)

    def _approve(self, request: Request) -> str:
        """Why the approval of a description does not count; an empty text when it does."""
        if not str(request.body.get("reason", "")).strip():
            return "an approval needs a reason"
        if request.actor == request.body.get("author"):
            return f"{request.actor} wrote this description; another person must approve it"
        if request.subject == self.plant.hash:
            self._approval.approve()
        return ""

    def _may_load(self, request: Request) -> str:
        return "this description is in use already" if request.subject == self.plant.hash else ""

    def _may_use(self, request: Request) -> str:
        if not str(request.body.get("reason", "")).strip():
            return "a model is taken into use for a reason"
        now = NO_MODEL if self.model is None else self.model.hash
        return "this model is in use already" if request.subject == now else ""

    @property
    def model(self) -> NormalModel | None:
        """What was learnt to be normal from the plant's past, if a model is in use."""
        return self._course.shelf.model

    def use(self, model: NormalModel | None) -> dict[str, str]:
        """Judge by a model from the next scan on, or by none; the units that it does not fit, and why."""
        return self._course.use(model)

    @property
    def approved(self) -> bool:
        """True once this plant description was approved by a second person."""
        return self._approval.approved

    def _live(self, frame: Frame, verdict: Verdict) -> Arrays:
        book = self.book
        live: Arrays = {
            "good_points": np.array([np.count_nonzero(is_good(frame.status[: self.plant.n_read]))], dtype=np.int64),
            "state": book.state_code,
            "occurrence": book.occurrence,
            "since": book.since,
            "suppressed": book.suppressed,
            "suppression": book.suppression,
            "first_out": book.first_out.mark,
            "confirm_due": book.confirm_due,
            **book.live(),
            **self._consequences.live(),
            "not_available": book.not_available,
            "active": verdict.active,
            "unknown": verdict.unknown,
            "value": verdict.value,
            "limit": verdict.limit,
        }
        for check in self.checks:
            live |= {f"{check.name}.{name}": array for name, array in check.live().items()}
        return live

    def snapshot(self) -> bytes:
        """The whole memory, for `restore` of the same plant and engine version."""
        arrays: Arrays = {"engine/last_number": self._last_number}
        arrays |= {f"book/{name}": array for name, array in self.book.state().items()}
        for check in self.checks:
            arrays |= {f"{check.name}/{name}": array for name, array in check.state().items()}
        return pack(arrays)

    def restore(self, data: bytes, model: NormalModel | None = None) -> None:
        """Take over the memory of a snapshot: what follows is as if this engine had stepped all the frames before.

        model: the one that was in use then; it is in no snapshot.
        """
        self._course.shelf.hold(model)
        parts: dict[str, Arrays] = {}
        for key, array in unpack(data).items():
            owner, name = key.split("/", 1)
            parts.setdefault(owner, {})[name] = array
        self._last_number = parts["engine"]["last_number"]
        self.book.load(parts["book"])
        for check in self.checks:
            check.load(parts.get(check.name, {}))

    def carry_over(self, old: "Engine") -> list[str]:
        """Take over every memory of another plant description by name; open conditions that are gone are returned."""
        self._last_number[0] = old.last_number
        mine = {check.name: check for check in self.checks}
        for check in old.checks:
            if check.name in mine:
                carry(check, mine[check.name])
        carry(old.book, self.book)
        if old.model is not None:
            self.use(old.model)
        return sorted(name for name in old.book.open() if name not in self.book.row)

    def adopt(
        self, opened: Mapping[str, OpenCondition], *, number: int, time_ns: int = 0, ledger: Ledger | None = None
    ) -> list[str]:
        """Begin after scan `number` with what the journal says is open, by name, and everything else anew.

        ledger: what it says of the safety functions, as of `time_ns`, the time of that scan.

        For another plant or engine version. Returns the names that this plant does not have.
        """
        self._last_number[0] = number
        if ledger is not None:
            self._pfd.retrace(ledger, number, time_ns)
        for check in self.checks:
            _hold(check, {name for name, entry in opened.items() if entry.active}, number)
        return self.book.adopt(opened.values())


def _hold(check: Check, names: set[str], number: int) -> None:
    """Let the timers of a fresh check stand where the journal says that a condition holds."""
    arrays, own = dict(check.state()), tuple(condition.name for condition in check.conditions)
    held = np.array([name in names for name in own], dtype=np.bool_)
    for prefix in ("", "delay."):
        if own and check.rows().get(f"{prefix}active") == own:
            arrays[f"{prefix}active"] = held
            arrays[f"{prefix}since"] = np.where(held, number, 0).astype(np.int64)
            check.load(arrays)


def _refuse_twins(conditions: Sequence[Condition], site: str) -> None:
    """Two conditions of one name would share a row: the states and shelves of one would be the other's."""
    seen: set[str] = set()
    for condition in conditions:
        if condition.name in seen:
            wrong = f"two conditions are called {condition.name}"
            mistake = Mistake(
                file=site, line=1, column=1, field=condition.name, wrong=wrong, mend="give the alarm another name"
            )
            raise PlantFileError((mistake,))
        seen.add(condition.name)


def _blocks(checks: Sequence[Check]) -> tuple[slice, ...]:
    blocks, start = [], 0
    for check in checks:
        blocks.append(slice(start, start + len(check.conditions)))
        start += len(check.conditions)
    return tuple(blocks)

"""The verdict: every expectation of a scenario against the true state and against the record, one line each.

A function has acted when its final elements truly stand at their safe ends and the record says so; one of the two is
not enough.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from plantsafe.plant.model import SafetyFunction
from simulation.scenario import Scenario
from simulation.scenario_file import Loss, MustAct
from simulation.trial.course import true_demand_s, true_safe_s, truly_safe
from simulation.trial.model_card import ModelCard
from simulation.trial.told import Told, told
from simulation.trial.trace import Said, Trace
from simulation.trial.wire import WireRun

RAISED = ("alarm_raised", "finding_raised")
ACTED = ("tripped", "spurious_trip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One expectation: which, what must be, what was found, and whether it holds."""

    key: str
    subject: str
    what: Told
    found: Told
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Seconds from the start: the first fault, what followed it, and the loss of the unprotected twin; None: never."""

    fault: float
    detected: float | None
    tripped: float | None
    safe: float | None
    lost: float | None

    @property
    def margin_s(self) -> float | None:
        """How long before the loss of the unprotected twin the safe state was reached."""
        return None if self.lost is None or self.safe is None else self.lost - self.safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All lines and the moments of a scenario."""

    lines: tuple[Line, ...]
    moments: Moments


def judge_traces(
    scenario: Scenario,
    run: Trace,
    twin: Trace | None,
    cards: tuple[ModelCard, ...],
    measures: Mapping[str, str],
) -> Judged:
    """Compare a protected run, and its twin, with what the scenario asks. `measures`: true quantity by point."""
    judge = _Judge(scenario, run, twin, cards, measures)
    return Judged(lines=tuple(judge.lines()), moments=judge.moments())


def _with(kind: str, says: Mapping[str, object]) -> str:
    """The kind of an event with the particulars that are asked for."""
    return f"{kind} ({', '.join(f'{key}: {value}' for key, value in says.items())})" if says else kind


class _Judge:
    def __init__(
        self,
        scenario: Scenario,
        run: Trace,
        twin: Trace | None,
        cards: tuple[ModelCard, ...],
        measures: Mapping[str, str],
    ) -> None:
        self._file, self._plant = scenario.file, scenario.plant
        self._run, self._twin, self._cards, self._measures = run, twin, cards, measures
        self._functions = {function.name: function for function in scenario.plant.file.functions}

    def moments(self) -> Moments:
        run, onset_s = self._run, self._run.onset()
        raised = [run.first(RAISED, must.condition, onset_s) for must in self._file.raises]
        seen = [event.at_s for event in raised if event is not None]
        first = run.first(("alarm_raised", "demand_started"), None, onset_s)
        tripped = [event for act in self._file.act if (event := run.first(("tripped",), act.function, onset_s))]
        safe = [true_safe_s(self._run, self._functions[act.function], onset_s) for act in self._file.act]
        reached = [at_s for at_s in safe if at_s is not None]
        return Moments(
            fault=onset_s,
            detected=min(seen) if seen else first.at_s if first is not None else None,
            tripped=min((event.at_s for event in tripped), default=None),
            safe=max(reached) if safe and len(reached) == len(safe) else None,
            lost=None if self._twin is None else self._twin.lost_s,
        )

    def lines(self) -> Iterator[Line]:
        for must in self._file.raises:
            onset_s = self._run.onset(must.after)
            event = self._run.first(RAISED, must.condition, onset_s)
            what = told("line", "raised", condition=must.condition, within_s=must.within_s)
            yield self._timely("raised", must.condition, what, _at_s(event), onset_s, must.within_s)
        for act in self._file.act:
            yield from self._act(act)
        for due in self._file.events:
            onset_s = self._run.onset(due.after)
            said = self._run.first((due.kind,), due.subject, onset_s, due.says)
            subject = due.subject or told("bound", "anything")
            what = told("line", "event", kind=_with(due.kind, due.says), subject=subject, within_s=due.within_s)
            yield self._timely("event", due.subject or "", what, _at_s(said), onset_s, due.within_s)
        for absent in self._file.no_events:
            said = self._run.first((absent.kind,), absent.subject, says=absent.says)
            subject = absent.subject or told("bound", "anything")
            found = told("found", "none") if said is None else self._after(said.at_s, self._run.onset())
            what = told("line", "no_event", kind=_with(absent.kind, absent.says), subject=subject)
            yield Line(key="no_event", subject=absent.subject or "", what=what, found=found, holds=said is None)
        yield from self._others()
        if self._file.loss is not None and self._twin is not None:
            yield from self._losses(self._file.loss, self._twin)
        yield self._validity()

    def _act(self, act: MustAct) -> Iterator[Line]:
        run, function = self._run, self._functions[act.function]
        onset_s, words = run.onset(act.after), {"function": act.function, "within_s": act.within_s}
        said = run.first(("tripped",), act.function, onset_s)
        true_s = run.first_s(run.tripped[act.function], onset_s)
        what = told("line", "trips", **words)
        yield self._both("trips", act.function, what, _at_s(said), true_s, onset_s, act.within_s)

        reached = run.first(("safe_state_reached",), act.function, onset_s)
        safe_s = true_safe_s(self._run, function, onset_s)
        what = told("line", "safe", **words)
        yield self._both("safe", act.function, what, _at_s(reached), safe_s, onset_s, act.within_s)
        if safe_s is not None:
            left_s = run.first_s(~truly_safe(self._run, function), safe_s)
            found = told("found", "held") if left_s is None else told("found", "left", s=left_s - onset_s)
            what = told("line", "stays", function=act.function)
            yield Line(key="stays", subject=act.function, what=what, found=found, holds=left_s is None)
        yield self._response(function, reached.body.get("outcome") if reached else None, safe_s, onset_s)
        if act.safe is not None:
            series = run.truth[act.safe.quantity]
            bound, value = (
                ("at_most", act.safe.at_most) if act.safe.at_most is not None else ("at_least", act.safe.at_least)
            )
            assert value is not None  # noqa: S101  # one of the two is there
            within = series <= value if bound == "at_most" else series >= value
            wrong = np.flatnonzero(~within)
            last_wrong_s = float(wrong[-1] + 1) * run.period_s if wrong.size else 0.0
            good_s = None if wrong.size and wrong[-1] == len(series) - 1 else max(onset_s, last_wrong_s + run.period_s)
            limit = told("bound", bound, value=value)
            what = told("line", "process", quantity=act.safe.quantity, bound=limit, within_s=act.within_s)
            yield self._timely("process", act.function, what, good_s, onset_s, act.within_s)
        failed = run.first(("failure_on_demand",), act.function)
        found = told("found", "none") if failed is None else told("found", "failed", s=failed.at_s - onset_s)
        what = told("line", "no_failure", function=act.function)
        yield Line(key="no_failure", subject=act.function, what=what, found=found, holds=failed is None)

    def _response(self, function: SafetyFunction, outcome: str | None, safe_s: float | None, onset_s: float) -> Line:
        """From the true crossing of the setpoint to the true safe state, as the specification counts it."""
        demand_s = true_demand_s(self._run, function, self._measures, onset_s)
        took_s = None if demand_s is None or safe_s is None else max(0.0, safe_s - demand_s)
        truth = told("found", "no_crossing") if demand_s is None else self._seconds(took_s)
        said = told("found", outcome if outcome in ("in_time", "late", "not_resolved") else "nothing")
        in_time = demand_s is None or (took_s is not None and took_s <= function.response_s)
        return Line(
            key="response",
            subject=function.name,
            what=told("line", "response", function=function.name, response_s=function.response_s),
            found=told("found", "response", truth=truth, outcome=said),
            holds=in_time and outcome != "late" and safe_s is not None,
        )

    def _others(self) -> Iterator[Line]:
        run = self._run
        allowed = {act.function for act in self._file.act} | set(self._file.may_act)
        acted = {event.subject for event in run.events if event.kind in ACTED}
        acted |= {name for name, tripped in run.tripped.items() if tripped.any()}
        yield self._none_of("others", acted - allowed)
        elements = {e.name for name in allowed for e in self._functions[name].elements} | set(self._file.may_move)
        moved = {name for name, safe in run.safe.items() if safe.any() and not safe[0]}
        yield self._none_of("others_move", moved - elements)

    def _none_of(self, key: str, names: set[str]) -> Line:
        found = told("found", "none")
        if names:
            found = Told(", ".join(sorted(names)), "、".join(sorted(names)))
        return Line(key=key, subject="", what=told("line", key), found=found, holds=not names)

    def _losses(self, loss: Loss, twin: Trace) -> Iterator[Line]:
        limit = told("bound", "above" if loss.direction == "H" else "below", value=loss.limit)
        words = {"quantity": loss.quantity, "limit": limit}
        run = self._run
        found = self._extreme(loss, run) if run.lost_s is None else self._after(run.lost_s, run.onset())
        key = "protected" if loss.protected == "never" else "absent"
        holds = (run.lost_s is not None) == (loss.protected == "crosses")
        yield Line(key=key, subject="", what=told("line", key, **words), found=found, holds=holds)
        found = self._extreme(loss, twin) if twin.lost_s is None else self._after(twin.lost_s, twin.onset())
        holds = (twin.lost_s is not None) == (loss.unprotected == "crosses")
        yield Line(key="twin", subject="", what=told("line", loss.unprotected, **words), found=found, holds=holds)

    @staticmethod
    def _extreme(loss: Loss, trace: Trace) -> Told:
        series = trace.truth[loss.quantity]
        high = loss.direction == "H"
        return told(
            "found", "reached" if high else "reached_low", extreme=float(series.max() if high else series.min())
        )

    def _validity(self) -> Line:
        """Both runs must stay inside until the loss, or for good: a verdict must not rest on what lies beyond."""
        first: tuple[float, str] | None = None
        for card in self._cards:
            for quantity, (low, high) in card.ranges.items():
                for trace in (self._run, self._twin):
                    if trace is None:
                        continue
                    series = trace.truth[quantity]
                    left_s = trace.first_s((series < low) | (series > high) | np.isnan(series))
                    until_s = np.inf if trace.lost_s is None else trace.lost_s
                    if left_s is not None and left_s < until_s and (first is None or left_s < first[0]):
                        first = (left_s, quantity)
        found = told("found", "inside")
        if first is not None:
            found = told("found", "outside", quantity=first[1], s=first[0] - self._run.onset())
        return Line(key="valid", subject="", what=told("line", "valid"), found=found, holds=first is None)

    def _timely(self, key: str, subject: str, what: Told, at_s: float | None, onset_s: float, within_s: float) -> Line:
        holds = at_s is not None and at_s - onset_s <= within_s
        return Line(key=key, subject=subject, what=what, found=self._after(at_s, onset_s), holds=holds)

    def _both(
        self,
        key: str,
        subject: str,
        what: Told,
        record_s: float | None,
        true_s: float | None,
        onset_s: float,
        within_s: float,
    ) -> Line:
        """In time by the record and in truth, and the record not before the truth."""
        times = {
            "record": self._seconds(None if record_s is None else record_s - onset_s),
            "truth": self._seconds(None if true_s is None else true_s - onset_s),
        }
        found = told("found", "trip", **times)
        holds = record_s is not None and true_s is not None and max(record_s, true_s) - onset_s <= within_s
        if record_s is not None and (true_s is None or record_s < true_s):
            found = found if true_s is None else told("found", "early", s=true_s - record_s)
            holds = False
        return Line(key=key, subject=subject, what=what, found=found, holds=holds)

    @staticmethod
    def _seconds(s: float | None) -> Told:
        return told("found", "not_at_all") if s is None else told("found", "seconds", s=s)

    @staticmethod
    def _after(at_s: float | None, onset_s: float) -> Told:
        return told("found", "never") if at_s is None else told("found", "after", s=at_s - onset_s)


def _at_s(event: Said | None) -> float | None:
    return None if event is None else event.at_s


def wire_line(run: WireRun) -> Line:
    """The same transitions at the same scan numbers, and every frame the same."""
    windows = ", ".join(f"{first}-{last}" for first, last in run.windows)
    counts = {"transitions": run.transitions, "scans": run.scans}
    found = told("found", "wire", **counts)
    if not run.same:
        first = run.differences[0] if run.differences else "–"
        found = told("found", "wire_other", **counts, frames=run.other_frames, first=first)
    what = told("line", "wire", windows=windows)
    return Line(key="wire", subject="", what=what, found=found, holds=run.same)

"""From a past to a model: three fifths of it are learnt, a fifth sets the limits, on the last fifth it is tried.

The trial is the checks themselves, stepped through scans that neither learning nor limits have seen; what they find
there is the expected number of false findings.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaincinv

from plantsafe.checks.course import AGREEING, F4, UNPROVEN, Course
from plantsafe.checks.drift import DriftCheck
from plantsafe.checks.normal import NormalModel, Regime, RegimeNormal, UnitNormal
from plantsafe.checks.unit_monitor import UnitMonitorCheck
from plantsafe.checks.warm_up import NOISE_FLOOR, WARM_UP_SCANS, spread_floor
from plantsafe.errors import SourceError
from plantsafe.frame import F8, I8, Bool
from plantsafe.history.window import Window
from plantsafe.plant import Plant
from plantsafe.plant.tables import Index
from plantsafe.training.past import Looked, Past, look
from plantsafe.training.regime import Parts, learn_regime
from plantsafe.training.unwell import NOTHING, Unwell
from plantsafe.verdict import Verdict

LEARN, LIMIT = 0.6, 0.8  # up to where of the scans is learnt, up to where limits are set (site default)
LEAST_SCANS = 4 * WARM_UP_SCANS  # so that each part says something
MOST_BYTES = 1_500_000_000  # of departures in memory (site default)
MIN_PASSES = 3  # of a phase of a batch unit; fewer do not show how batches differ (site default)
MOST_UNWELL = 0.5  # of the scans of a unit; with more it is not learnt (site default)
Profile = tuple[F4, I8, F4]
MOST_TOLD = 50  # findings of the trial that are told with their time
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the checks found on normal scans that were not learnt from: by condition, when, and in how many days."""

    days: float
    found: Counter[str]
    when: tuple[tuple[str, int], ...]

    def upper(self, count: int) -> float:
        """Per day, at 95 % confidence (Poisson)."""
        return float(gammaincinv(count + 1, 0.95)) / self.days if self.days else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model without a hash yet, and what is to be told of it."""

    model: NormalModel
    trial: Trial
    notes: tuple[str, ...]


def fit(
    past: Past,
    unwell: Unwell = NOTHING,
    units: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> Fitted:
    """Learn what is normal for `units` (all without any). Raises SourceError where the past says too little."""
    plant, notes = past.plant, list(past.notes)
    looked = look(past)
    wanted = _wanted(past, looked, unwell, units, notes)
    edges = [int(looked.time_ns[int(share * (len(looked.time_ns) - 1))]) for share in (LEARN, LIMIT)]
    hidden = _hider(past, unwell)
    say(f"{len(looked.time_ns)} scans of {len(past.rows)} points, {len(wanted)} units")
    course = _courses(past, hidden, edges[0])
    departures = _departures(past, hidden, course, wanted, len(looked.time_ns))
    found = []
    for k, unit in enumerate(wanted):
        normal = _unit(plant, unit, k, departures, edges, course, notes)
        if normal is not None:
            found.append(normal)
            say(f"{normal.name}: {len(normal.regimes)} regimes of {len(normal.points)} points")
    if not found:
        raise SourceError(
            "nothing was learnt: " + "; ".join(notes[-3:]), mend="give a longer span in which the plant was normal"
        )
    bare = NormalModel(hash="", units=tuple(found))
    trial = _tried(past, hidden, bare, edges)
    say(f"tried on {trial.days:.2f} days: {trial.found.total()} findings")
    about = _about(past, looked, edges, bare, trial, unwell, notes)
    return Fitted(
        model=NormalModel(hash="", units=bare.units, about=about), trial=trial, notes=tuple(dict.fromkeys(notes))
    )


def _wanted(past: Past, looked: Looked, unwell: Unwell, units: Sequence[str], notes: list[str]) -> list[int]:
    """Rows of the units that can be learnt; what is wrong with the data is told, or refused."""
    plant, scans = past.plant, len(looked.time_ns)
    if scans < LEAST_SCANS:
        minutes = LEAST_SCANS * plant.file.scan_period_s / 60.0
        raise SourceError(
            f"{scans} scans say nothing about what is normal",
            mend=f"give at least {LEAST_SCANS} ({minutes:.0f} min), better some days with every phase in them",
        )
    if looked.holes:
        lost = sum(hole[2] for hole in looked.holes)
        notes.append(f"{len(looked.holes)} gaps, {lost} scans: what goes on from scan to scan begins anew after each")
    unknown = sorted(set(units) - set(plant.unit_row))
    if unknown:
        raise SourceError(f"there is no unit {unknown[0]!r}", mend=f"one of {', '.join(plant.unit_row)}")
    names, monitored = plant.points.names, plant.points.monitored[past.rows]
    for words, some in (
        ("good in less than two thirds of the scans, left out", monitored & (looked.good < 2.0 / 3.0)),
        ("never changed: judged by its resolution", monitored & ~looked.moves & (looked.good >= 2.0 / 3.0)),
    ):
        if some.any():
            told = [names[row] for row in past.rows[some].tolist()]
            notes.append(f"{words}: {', '.join(told[:12])}{' ...' if len(told) > 12 else ''}")
    if monitored.any() and not (looked.moves & monitored).any():
        raise SourceError("no point moves in this span", mend="give a span in which the plant was alive")
    found = []
    for name, unit in plant.unit_row.items():
        mine = past.rows[monitored & (plant.points.unit[past.rows] == unit)]
        if (units and name not in units) or not len(mine):
            continue
        phases = set(Course(plant).phase_rows(unit).tolist())
        absent = [names[row] for row in sorted(phases - set(past.rows.tolist()))]
        if absent:
            notes.append(f"{name} is left out: {absent[0]}, which shows its phase, is not there")
            continue
        share = float(unwell.inside(name, looked.time_ns).mean())
        if share:
            what = ", ".join(f"{alarm} {n} times" for alarm, n in unwell.why[name].most_common(4))
            notes.append(f"{name}: {share:.1%} of the scans left out, alarms and demands of the journal: {what}")
        if share > MOST_UNWELL:
            notes.append(f"{name} is left out: it was not normal for most of the span")
            continue
        if unwell.unjudged[name]:
            notes.append(f"{name}: {unwell.unjudged[name]} findings in the span that nobody confirmed or rejected")
        found.append(unit)
    if not found:
        raise SourceError("no unit can be learnt: " + "; ".join(notes[-3:]), mend="give another span")
    return found


def _hider(past: Past, unwell: Unwell) -> Callable[[Window], Bool]:
    """What of a window is no example: the analog points of a unit while it was not normal."""
    points = past.plant.points
    columns = {
        name: points.monitored[past.rows] & (points.unit[past.rows] == past.plant.unit_row[name])
        for name in unwell.stretches
    }

    def hidden(window: Window) -> Bool:
        answer = np.zeros(window.value.shape, dtype=np.bool_)
        for name, mine in columns.items():
            inside = unwell.inside(name, window.time_ns)
            if inside.any():
                answer |= inside[:, None] & mine[None, :]
        return answer

    return hidden


def _courses(past: Past, hidden: Callable[[Window], Bool], until_ns: int) -> Course:
    """The course of every batch unit, from all passes of the first part."""
    course = Course(past.plant, most_passes=10**6)
    for frame in past.frames(hidden):
        if frame.time_ns > until_ns:
            break
        course.step(frame)
    return course


@dataclass(frozen=True, slots=True, kw_only=True)
class _Departures:
    """number, time_ns (n,); value (n, m) of the points `rows`; regime (n, k) of each unit, -1: none; regimes by k."""

    number: I8
    time_ns: I8
    rows: Index
    value: np.ndarray
    regime: np.ndarray
    regimes: Sequence[Mapping[Regime, int]]


def _departures(
    past: Past, hidden: Callable[[Window], Bool], learnt: Course, wanted: Sequence[int], scans: int
) -> _Departures:
    """What the checks would compare, scan by scan, against the courses that were learnt."""
    plant = past.plant
    mine = np.isin(plant.points.unit[past.rows], list(wanted)) & plant.points.monitored[past.rows]
    rows = past.rows[mine]
    if scans * len(rows) * 4 > MOST_BYTES:
        most = MOST_BYTES // (4 * scans)
        raise SourceError(
            f"{scans} scans of {len(rows)} points are too many at once",
            mend=f"give a shorter span, or --unit for units with at most {most} points together",
        )
    course = Course(plant)
    for unit in wanted:
        found = learnt.profile(unit)
        if found is not None:
            course.take(
                unit, np.flatnonzero(plant.points.monitored & (plant.points.unit == unit)), *_proven(plant, unit, found)
            )
    number, time_ns = np.zeros(scans, dtype=np.int64), np.zeros(scans, dtype=np.int64)
    value = np.full((scans, len(rows)), np.nan, dtype=np.float32)
    regime = np.full((scans, len(wanted)), -1, dtype=np.int16)
    seen: list[dict[Regime, int]] = [{} for _ in wanted]
    at = 0
    for frame in past.frames(hidden):
        course.step(frame)
        number[at], time_ns[at] = frame.number, frame.time_ns
        value[at] = course.compared[rows]
        for k, unit in enumerate(wanted):
            now = course.regime(unit)
            if now is not None:
                regime[at, k] = seen[k].setdefault(now, len(seen[k]))
        at += 1
    return _Departures(
        number=number[:at], time_ns=time_ns[:at], rows=rows, value=value[:at], regime=regime[:at], regimes=seen
    )


def _proven(plant: Plant, unit: int, found: Profile) -> Profile:
    """One pass alone shows no spread between passes: then twice the least is taken, as the checks do."""
    profile, passes, spread = found
    rows = np.flatnonzero(plant.points.monitored & (plant.points.unit == unit))
    least = UNPROVEN * spread_floor(plant, rows)[:, None]
    return profile, passes, np.where(passes < AGREEING, np.maximum(spread, least), spread).astype(np.float32)


def _unit(
    plant: Plant, unit: int, k: int, departures: _Departures, edges: Sequence[int], course: Course, notes: list[str]
) -> UnitNormal | None:
    name, points = plant.file.units[unit].name, plant.points
    mine = np.flatnonzero(points.unit[departures.rows] == unit)
    rows = departures.rows[mine]
    floor, noise = spread_floor(plant, rows), spread_floor(plant, rows, NOISE_FLOOR)
    regimes: dict[Regime, RegimeNormal] = {}
    found, course_names = course.profile(unit), dict(enumerate(course.codes(unit)))
    for regime, code in departures.regimes[k].items():
        here = departures.regime[:, k] == code
        few = _few_passes(plant, unit, found, course_names, regime)
        normal = few or learn_regime(
            Parts(
                learn=_runs(departures, here & (departures.time_ns <= edges[0]), mine),
                limit=_runs(
                    departures, here & (departures.time_ns > edges[0]) & (departures.time_ns <= edges[1]), mine
                ),
            ),
            floor,
            noise,
            points.high[rows] - points.low[rows],
            batch=found is not None,
        )
        if isinstance(normal, str):
            notes.append(f"{name} in {_shown(plant, unit, course, regime)}: {normal}; learns by itself there")
        else:
            regimes[regime] = normal
    own = plant.file.units[unit]
    seen = {code for regime in departures.regimes[k] for code in regime}
    unseen = [phase.name for phase in own.phases if float(phase.code) not in seen]
    if unseen:
        notes.append(f"{name}: not seen from its beginning, learns by itself: phase {', '.join(unseen)}")
    if not regimes:
        if not departures.regimes[k]:
            notes.append(f"{name}: no phase was seen from its beginning to its end, and then once more")
        return None
    file = plant.file.units[unit]
    leader = plant.file.units[plant.unit_row[file.follows]] if file.follows else file
    if found is not None:
        place = np.searchsorted(np.flatnonzero(points.monitored & (points.unit == unit)), rows)
        whole = _proven(plant, unit, found)
        profile, passes, spread = whole[0][place], whole[1][place], whole[2][place]
    return UnitNormal(
        name=name,
        points=tuple(points.names[row] for row in rows.tolist()),
        eu=tuple(points.eu[row] for row in rows.tolist()),
        low=points.low[rows],
        high=points.high[rows],
        regimes=regimes,
        codes=() if found is None else tuple(float(phase.code) for phase in leader.phases),
        profile=None if found is None else profile,
        passes=None if found is None else passes,
        spread=None if found is None else spread,
    )


def _few_passes(plant: Plant, unit: int, found: Any, codes: Mapping[int, float], regime: Regime) -> str:
    """Why a phase of a batch unit was not seen often enough; empty for one that was, and for any other unit."""
    if found is None or plant.file.units[unit].follows:
        return ""
    mine = [place for place, code in codes.items() if code in regime]
    passes = int(found[1][:, mine].max(initial=0))
    return "" if passes >= MIN_PASSES else f"{passes} passes from beginning to end, {MIN_PASSES} are needed"


def _runs(departures: _Departures, here: Bool, columns: Index) -> list[F8]:
    """The stretches of scans that follow each other, (n_rows, n_points)."""
    at = np.flatnonzero(here)
    if not len(at):
        return []
    cuts = np.flatnonzero((np.diff(at) > 1) | (np.diff(departures.number[at]) > 1)) + 1
    return [departures.value[part][:, columns].astype(np.float64) for part in np.split(at, cuts)]


def _shown(plant: Plant, unit: int, course: Course, regime: Regime) -> str:
    """A regime in words of the plant file."""
    own = plant.file.units[unit]
    titles = {float(phase.code): phase.name for phase in own.phases}
    words = []
    for row, code in zip(course.watched(unit).tolist(), regime, strict=True):
        name = plant.points.names[row]
        words.append(f"phase {titles[code]}" if name == own.phase_point and code in titles else f"{name} = {code:g}")
    return ", ".join(words) or "operation"


def _tried(past: Past, hidden: Callable[[Window], Bool], model: NormalModel, edges: Sequence[int]) -> Trial:
    """Step the checks with the model through the last part; what they begin before it is lead-in."""
    course = Course(past.plant)
    course.use(model)
    drift, monitors = DriftCheck(past.plant, course), UnitMonitorCheck(past.plant, course)
    conditions = (*drift.conditions, *monitors.conditions)
    mine = np.array([c.unit in {unit.name for unit in model.units} for c in conditions], dtype=np.bool_)
    split = len(drift.conditions)
    found: Counter[str] = Counter()
    when: list[tuple[str, int]] = []
    before = np.zeros(len(conditions), dtype=np.bool_)
    last = scans = 0
    for frame in past.frames(hidden):
        if frame.time_ns <= edges[0]:
            continue
        verdict = Verdict(len(conditions), frame.number - last - 1 if last else 0)
        drift.evaluate(frame, verdict, slice(0, split))
        monitors.evaluate(frame, verdict, slice(split, None))
        last = frame.number
        if frame.time_ns > edges[1]:
            scans += 1
            for i in np.flatnonzero(verdict.active & ~before & mine).tolist():
                found[conditions[i].name] += 1
                when.append((conditions[i].name, frame.time_ns))
        before = verdict.active.copy()
    return Trial(days=scans * past.plant.file.scan_period_s / DAY_S, found=found, when=tuple(when))


def _about(
    past: Past, looked: Looked, edges: Sequence[int], model: NormalModel, trial: Trial, unwell: Unwell, notes: list[str]
) -> dict[str, Any]:
    """What people are told of a model, as JSON."""
    plant, course = past.plant, Course(past.plant)
    by_unit: Counter[str] = Counter()
    unit_of = {name: unit.name for unit in model.units for name in (unit.name, *unit.points)}
    for name, count in trial.found.items():
        by_unit[unit_of.get(name.rsplit(".", 1)[0], "")] += count
    return {
        "site": plant.file.site.name,
        "plant": plant.hash,
        "scan_period_s": plant.file.scan_period_s,
        "source": past.source,
        "from_ns": int(looked.time_ns[0]),
        "to_ns": int(looked.time_ns[-1]),
        "learnt_to_ns": edges[0],
        "limits_to_ns": edges[1],
        "scans": len(looked.time_ns),
        "gaps": len(looked.holes),
        "left_out": {name: dict(some) for name, some in unwell.why.items()},
        "trial": {
            "days": round(trial.days, 4),
            "findings": trial.found.total(),
            "a_day": round(trial.found.total() / trial.days, 3) if trial.days else None,
            "a_day_at_most": round(trial.upper(trial.found.total()), 3) if trial.days else None,
            "by_unit": {unit.name: by_unit[unit.name] for unit in model.units},
            "by_condition": dict(trial.found.most_common()),
            "when": [list(one) for one in trial.when[:MOST_TOLD]],
        },
        "regimes": {
            unit.name: [
                {
                    "regime": list(regime),
                    "title": _shown(plant, plant.unit_row[unit.name], course, regime),
                    "points": int(normal.reference.known.sum()),
                    "together": len(normal.used),
                    "limit": [] if normal.monitor is None else [round(v, 4) for v in normal.monitor.limit.tolist()],
                }
                for regime, normal in unit.regimes.items()
            ]
            for unit in model.units
        },
        "notes": list(dict.fromkeys(notes)),
    }

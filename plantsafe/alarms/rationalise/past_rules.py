"""What a recorded span says of the alarms, and the dead bands and delays that it asks for."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plantsafe.alarms.kpi import Figures
from plantsafe.alarms.rationalise.file_rules import at, entries, leads
from plantsafe.alarms.rationalise.past import Noise, Setting, activations
from plantsafe.alarms.rationalise.remark import Proposal, Remark
from plantsafe.alarms.rationalise.signal import STARTS, signal_of
from plantsafe.alarms.together import Pair
from plantsafe.frame import F8, Bool
from plantsafe.plant.model.alarm import DELAY_SHARE_MAX, NEVER_SHELVED
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.rules import View

SPAN_SHARE = 0.1  # of the range; a larger dead band hides the process: the instrument is to be mended (site default)
SIGMAS = 3.0  # a dead band is at least so many times the noise (reference 1.4)
LATE_DELAY_S = 2.0  # longest on-delay of a nitration's temperature alarms (reference 1.4)
NUISANCE_TIMES = 3  # chattering or fleeting so often is worth a change; site default

Samples = tuple[F8, Bool]
"""Values of a point and where they are Good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Remarks and proposals of the past."""

    remarks: tuple[Remark, ...]
    proposals: tuple[Proposal, ...]


def nuisances(figures: Figures) -> dict[str, tuple[int, int]]:
    """Chattering and fleeting of each alarm that was so."""
    found: dict[str, tuple[int, int]] = {}
    for entry in figures.chattering:
        found[entry.name] = (entry.count, 0)
    for entry in figures.fleeting:
        found[entry.name] = (found.get(entry.name, (0, 0))[0], entry.count)
    return found


def of_past(
    view: View,
    noise: Noise,
    found: Mapping[str, tuple[int, int]],
    pairs: tuple[Pair, ...],
    samples: Mapping[str, Samples],
) -> Found:
    """Alarms against the noise of their points, the fastest change, and what they did.

    samples: of the points of alarms that were a nuisance.
    """
    remarks: list[Remark] = []
    proposals: list[Proposal] = []
    column = {name: i for i, name in enumerate(noise.names)}
    for section, i, alarm in entries(view):
        try:
            told = _OfOne(view, section, i, alarm)
            if section == "alarms" and alarm.point in column:
                told.band(float(noise.sigma[column[alarm.point]]))
                rate = noise.rise_per_min if alarm.direction in ("H", "HH") else noise.fall_per_min
                told.lead(float(rate[column[alarm.point]]))
            if alarm.name in found:
                told.nuisance(found[alarm.name], samples)
        except NotKnownError:
            continue
        remarks += told.remarks
        proposals += told.proposals
    return Found(remarks=(*remarks, *_together(view, pairs)), proposals=tuple(proposals))


class _OfOne:
    """One alarm under review; what is proposed of it is taken as done by what follows."""

    def __init__(self, view: View, section: str, i: int, alarm: Any) -> None:
        self._view, self._section, self._i, self._alarm = view, section, i, alarm
        self.remarks: list[Remark] = []
        self.proposals: list[Proposal] = []
        self._point = view.point(alarm.point) if section == "alarms" else None
        self._unit = view.unit(self._point.unit if self._point is not None else alarm.unit)
        self._deadband = alarm.deadband if section == "alarms" else 0.0
        self._on_s, self._off_s = alarm.on_delay_s, alarm.off_delay_s

    def _remark(self, rule: Any, wrong: str, mend: str) -> None:
        self.remarks.append(at(self._view, self._section, self._i, self._alarm.name, rule, wrong, mend))

    def _propose(self, field: str, new: float, why: str) -> None:
        entries_ = self._view.assembled.entries[(self._section,)]
        written = entries_[self._i]
        old = written.get(field) if isinstance(written, dict) else None
        path, line, _ = entries_.place(self._i, (field,))
        self.proposals.append(
            Proposal(
                section=self._section,
                alarm=self._alarm.name,
                field=field,
                old=None if old is None else float(old),
                new=new,
                why=why,
                file=str(path),
                line=line,
                by_hand=entries_.is_row(self._i),
            )
        )

    def band(self, sigma: float) -> None:
        """A dead band under the noise, and the one that is not."""
        alarm, point = self._alarm, self._point
        if math.isnan(sigma) or point is None or alarm.deadband >= SIGMAS * sigma or signal_of(point) == "discrete":
            return
        wanted = _rounded_up(SIGMAS * sigma, point.resolution)
        wrong = f"dead band {alarm.deadband:g} is under three times the noise ({sigma:.2g} {point.eu})"
        if wanted > SPAN_SHARE * (point.range[1] - point.range[0]):
            self._remark("dead-band", wrong, "that is no noise of a sound instrument: look at it before its alarm")
            return
        room = self._room()
        if wanted > room:
            mend = f"{wanted:g} does not fit between the limits: filter the value, or move the limits apart"
            self._remark("dead-band", wrong, mend)
            return
        self._remark("dead-band", wrong, f"write {wanted:g}")
        self._propose("deadband", wanted, f"noise {sigma:.2g} {point.eu}: three sigma")
        self._deadband = wanted

    def _room(self) -> float:
        """Half of the way to the nearest other limit on the same point."""
        alarm = self._alarm
        others = [
            abs(other.limit - alarm.limit)
            for section, _, other in entries(self._view)
            if section == "alarms" and other.point == alarm.point and other.limit != alarm.limit
        ]
        return min(others, default=math.inf) / 2.0

    def lead(self, rate_per_min: float) -> None:
        """Time from the alarm to the trip at the fastest change that was recorded."""
        if math.isnan(rate_per_min) or rate_per_min <= 0.0:
            return
        alarm = self._alarm
        for function, setpoint in leads(self._view, alarm):
            left_min = abs(setpoint - alarm.limit) / rate_per_min
            if left_min < alarm.respond_min:
                eu = self._point.eu if self._point is not None else ""
                self._remark(
                    "too-late",
                    f"at {rate_per_min:.3g} {eu}/min, as recorded, {function} trips {left_min:.1f} min after it; "
                    f"the file gives {alarm.respond_min:g} min to respond",
                    "set the limit earlier, or correct respond_min",
                )

    def nuisance(self, times: tuple[int, int], samples: Mapping[str, Samples]) -> None:
        """Chattering asks for an off-delay, fleeting for an on-delay, as far as the alarm may have them."""
        chattered, fleeted = times
        if max(times) < NUISANCE_TIMES:
            return
        alarm = self._alarm
        start = STARTS[signal_of(self._point) if self._point is not None else "other"]
        before = self._count(samples, alarm.deadband if self._point is not None else 0.0, alarm.on_delay_s, self._off_s)
        kind = signal_of(self._point) if self._point is not None else "expression"
        if chattered and self._off_s < start.delay_s and self._may_wait():
            self._off_s = start.delay_s
            self._propose("off_delay_s", start.delay_s, f"chattered {chattered} times; {kind}")
        most = self._longest_on_delay(start.delay_s)
        if fleeted and most > alarm.on_delay_s:
            self._on_s = most
            self._propose("on_delay_s", most, f"was over at once {fleeted} times; {kind}")
        after = self._count(samples, self._deadband, self._on_s, self._off_s)
        said = f"chattered {chattered} times, was over at once {fleeted} times"
        if self.proposals and before is not None and after is not None:
            mend = f"as proposed it would have come {after} times instead of {before}"
        elif self.proposals:
            mend = "see the proposal"
        elif not self._may_wait():
            mend = "no delay is allowed here: look at instrument and limit"
        else:
            mend = "its settings are as a review would start: look at the cause"
        self._remark("nuisance", said, mend)

    def _count(self, samples: Mapping[str, Samples], deadband: float, on_s: float, off_s: float) -> int | None:
        alarm = self._alarm
        if self._point is None or alarm.point not in samples:
            return None
        value, good = samples[alarm.point]
        period_s = self._view.head.scan_period_s
        return activations(
            value,
            good,
            Setting(
                limit=alarm.limit,
                sign=1.0 if alarm.direction in ("H", "HH") else -1.0,
                deadband=deadband,
                on_scans=math.ceil(on_s / period_s - 1e-9),
                off_scans=math.ceil(off_s / period_s - 1e-9),
            ),
        )

    def _may_wait(self) -> bool:
        """No delay on trips, gas, and the high-high temperature of a nitration."""
        return self._alarm.klass not in NEVER_SHELVED and not (self._is_nitration_temperature() and self._high_high())

    def _high_high(self) -> bool:
        return getattr(self._alarm, "direction", "") == "HH"

    def _is_nitration_temperature(self) -> bool:
        names = self._unit.parameters.get("reactor_temperature", ())
        return bool(self._unit.nitrates and self._point is not None and self._point.name in names)

    def _longest_on_delay(self, start_s: float) -> float:
        if not self._may_wait():
            return 0.0
        most = DELAY_SHARE_MAX * self._alarm.respond_min * 60.0
        if self._is_nitration_temperature():
            most = min(most, LATE_DELAY_S)
        return float(math.floor(min(start_s, most)))


def _together(view: View, pairs: tuple[Pair, ...]) -> Iterator[Remark]:
    place = {alarm.name: (section, i) for section, i, alarm in entries(view)}
    for pair in pairs:
        if pair.second in place:
            wrong = (
                f"came with {pair.first} in {pair.share:.0%} of {pair.times} times, "
                f"after it in {pair.first_share:.0%}, half within {pair.lag_s:.0f} s"
            )
            mend = f"suppress one under the other, or keep one; both may be first-out of a group with {pair.first}"
            yield at(view, *place[pair.second], pair.second, "together", wrong, mend)


def _rounded_up(value: float, step: float) -> float:
    """Up to two figures, and to a whole number of the instrument's steps."""
    if value <= 0.0:
        return step
    scale = 10.0 ** (math.floor(math.log10(value)) - 1)
    up = math.ceil(value / scale - 1e-9) * scale
    if step > 0.0:
        up = math.ceil(up / step - 1e-9) * step
    return float(f"{up:.6g}")

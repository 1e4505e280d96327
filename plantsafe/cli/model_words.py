"""A model in lines for a person."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plantsafe.checks.normal import NormalModel
    from plantsafe.training.shift import Difference, Shift

FAR = 5.0  # spreads: half the way to the limit of the checks
_MOST = 12


def _utc(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}Z"


def about_lines(digest: str, about: Mapping[str, Any]) -> list[str]:
    """What it was learnt from, what it is worth."""
    trial = about["trial"]
    lines = [
        f"model             {digest[:12]}, made {_utc(about['made_ns'])} by {about['made_by']}",
        f"learnt from       {about['source']}, {_utc(about['from_ns'])} to {_utc(about['to_ns'])}: "
        f"{about['scans']} scans, {about['gaps']} gaps",
        f"  normal          up to {_utc(about['learnt_to_ns'])}; limits up to {_utc(about['limits_to_ns'])}; "
        "the rest was for the trial",
        f"false findings    {trial['findings']} in {trial['days']:g} days that were not learnt from: "
        + (
            f"{trial['a_day']:g} a day, at most {trial['a_day_at_most']:g} with 95 % confidence"
            if trial["a_day"] is not None
            else "nothing was left to try it on"
        ),
    ]
    lines += [f"  {count:4d}  {name}" for name, count in list(trial["by_condition"].items())[:_MOST]]
    lines.append("limits            jump, energy, shift, slow, unrest, level of each unit's monitor")
    for unit, regimes in about["regimes"].items():
        for one in regimes:
            limit = " ".join(f"{value:.3g}" for value in one["limit"]) or "no monitor"
            lines.append(f"  {unit:10s} {one['title']:28.28s} {one['points']:3d} points  {limit}")
    return lines + [f"note: {note}" for note in about["notes"]]


def shift_lines(found: "Sequence[Shift]", hours: float) -> list[str]:
    """How far the plant has moved from the reference."""
    if not found:
        return [f"moved             nothing of the last {hours:g} h is in a phase that the model knows"]
    far = [shift for shift in found if abs(shift.sigmas) > FAR]
    lines = [f"moved             {len(far)} of {len(found)} points by over {FAR:g} spreads in the last {hours:g} h"]
    return lines + [
        f"  {s.unit:10s} {s.point:16s} {s.sigmas:+7.2f} spreads (mean {s.mean:.6g}, reference {s.reference:.6g})"
        for s in found[:_MOST]
    ]


def difference_lines(
    first: "NormalModel", second: "NormalModel", found: "Sequence[Difference]", words: Sequence[str]
) -> list[str]:
    """Two models side by side."""
    lines = []
    for word, one in (("first", first), ("second", second)):
        trial = one.about["trial"]
        lines.append(
            f"{word:7s} {one.hash[:12]}  {_utc(one.about['from_ns'])} to {_utc(one.about['to_ns'])}, "
            f"{one.about['scans']} scans, {len(one.units)} units, {trial['findings']} false findings in "
            f"{trial['days']:g} days"
        )
    moved = [d for d in found if abs(d.sigmas) > 1.0 or not 0.5 < d.ratio < 2.0]
    lines.append(f"{len(moved)} of {len(found)} references are over a spread apart, or twice as wide or narrow")
    lines += [
        f"  {d.unit:10s} {d.point:16s} at {list(d.regime)}: {d.sigmas:+.2f} spreads, spread x {d.ratio:.2f}"
        for d in moved[:_MOST]
    ]
    return [*lines, *words]

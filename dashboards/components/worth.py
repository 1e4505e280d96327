"""What each safety function is worth, now and over twelve months, and its ledger, as tables."""

from html import escape

from dashboards.components.glyph import mark, priority_glyph
from dashboards.components.protection import WORDS, status_sign
from dashboards.language import Tongue, n_
from dashboards.numbers import NONE, duration, local
from dashboards.picture import Picture
from plantsafe.plant.model import SafetyFunction
from plantsafe.protection import Protection
from plantsafe.protection.account import Account
from plantsafe.protection.demand_mode import DemandMode
from plantsafe.protection.ledger import Count, Due
from plantsafe.protection.period import Line

PERIOD_WORDS = {
    "met": n_("met"),
    "not_met": n_("NOT MET"),
    "not_verifiable": n_("too little judged"),
    "undetermined": n_("undetermined: data missing"),
}
SUBSYSTEM_WORDS = {"sensors": n_("sensors"), "logic": n_("logic solver"), "elements": n_("final elements")}
_DUE_SIGN = {"overdue": 2, "due_7": 3, "due_30": 4}


def figures(picture: Picture, rows: tuple[Account, ...], tongue: Tongue, *, stale: bool) -> str:
    """NOW and PERIOD side by side, never merged."""
    heads = (
        tongue("Function"), tongue("NOW"), tongue("PFD at this moment"), tongue("Risk reduction now / required"),
        tongue("Impaired for / permitted"), tongue("TWELVE MONTHS"), tongue("Risk reduction / required"),
        tongue("Judged"), tongue("Not verifiable"), tongue("Bypassed · degraded · none"),
    )  # fmt: skip
    body = "".join(
        _figures(function, row, tongue, stale=stale)
        for function, row in zip(picture.plant.file.functions, rows, strict=True)
    )
    return _table(heads, body)


def ledger(picture: Picture, rows: tuple[Account, ...], tongue: Tongue) -> str:
    """Demands, trips and failures against what was assumed; the next tests; what tests found."""
    heads = (
        tongue("Function"), tongue("Demands / expected"), tongue("Spurious trips / expected"),
        tongue("Failures on demand"), tongue("Bypasses"), tongue("Next proof tests"),
        tongue("Failed as found, rate at most (70 %)"), tongue("Trips to review"),
    )  # fmt: skip
    body = "".join(
        _ledger(picture, function, row, tongue)
        for function, row in zip(picture.plant.file.functions, rows, strict=True)
    )
    return _table(heads, body)


def _table(heads: tuple[str, ...], body: str) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    return f"<table class='ps'><tr>{head}</tr>{body}</table>"


def _line(cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _name(function: SafetyFunction, tongue: Tongue) -> str:
    title = f"<br><span class='ps-quiet'>{escape(tongue.text(function.title))}</span>"
    return f"<b class='ps-keep'>{escape(function.name)}</b>{title}"


def _figures(function: SafetyFunction, row: Account, tongue: Tongue, *, stale: bool) -> str:
    status = Protection.NOT_VERIFIABLE if stale else Protection[row.protection.upper()]
    seen = status is not Protection.NOT_VERIFIABLE
    worse = seen and row.average is not None and row.average > 1.0 / row.required_rrf
    over = row.repair_h is not None and row.impaired_h > row.repair_h
    repair = NONE if row.repair_h is None else duration(row.repair_h * 3600)
    impaired = duration(row.impaired_h * 3600) if row.impaired_h else NONE
    met = row.period == "not_met"
    hours = [_hours(row.hours(line)) for line in (Line.BYPASSED, Line.DEGRADED, Line.NONE)]
    unseen = row.hours(Line.NOT_VERIFIABLE)
    return _line(
        (
            _name(function, tongue),
            f"{status_sign(status)} {tongue(WORDS[status])} "
            f"<span class='ps-quiet'>{escape(row.architecture if seen else '')}</span>",
            _pfd(row.pfd_now if seen else None),
            f"{priority_glyph(2, filled=True) if worse else ''} <b>{_rrf(row.achieved_rrf if seen else None)}</b> / "
            f"{row.required_rrf:g}",
            f"{priority_glyph(2, filled=True) if over else ''} {impaired} / {repair}",
            f"{priority_glyph(2, filled=False) if met else ''} {tongue(PERIOD_WORDS[row.period])}",
            f"<b>{_rrf(row.period_rrf)}</b> / {row.required_rrf:g}",
            _hours(row.hours(Line.SERVICE)),
            f"{mark('?', '') if unseen else ''} {_hours(unseen)}",
            f"<span class='ps-keep'>{' · '.join(hours)}</span>",
        )
    )


def _ledger(picture: Picture, function: SafetyFunction, row: Account, tongue: Tongue) -> str:
    entry = row.entry
    failures = f"{priority_glyph(1, filled=True)} {entry.failures}" if entry.failures else "0"
    bypasses = str(entry.bypasses)
    if entry.open_bypasses:
        bypasses += f"<br>{tongue('open')}: {escape(', '.join(entry.open_bypasses))}"
    implied = [
        f"{tongue(SUBSYSTEM_WORDS[one.subsystem])} {one.failures.count}: {one.bound_per_h:.1e} / h"
        f"{_flag(one.failures, tongue)}"
        for one in entry.implied
        if one.bound_per_h is not None
    ]
    return _line(
        (
            _name(function, tongue),
            _count(entry.demands, tongue) + _mode(entry.mode, tongue),
            _count(entry.spurious, tongue),
            failures,
            bypasses,
            "<br>".join(_due(picture, due, tongue) for due in entry.due),
            "<br>".join(implied) or f"<span class='ps-quiet'>{tongue('no test on record')}</span>",
            escape(", ".join(entry.proposed)) or NONE,
        )
    )


def _count(count: Count, tongue: Tongue) -> str:
    expected = NONE if count.expected is None else f"{count.expected:.1f}"
    return f"{count.count} / {expected}{_flag(count, tongue)}"


def _mode(mode: DemandMode, tongue: Tongue) -> str:
    """Nothing in low demand."""
    if not mode.is_high:
        return ""
    text = tongue("high demand: judge it by PFH, not PFD")
    figure = f"{_pfd(mode.pfh_per_h)} / h" + ("" if mode.required_pfh is None else f" (&lt; {mode.required_pfh:.0e})")
    return f"<br>{priority_glyph(2, filled=True)} {escape(text)}<br><span class='ps-keep'>PFH {figure}</span>"


def _flag(count: Count, tongue: Tongue) -> str:
    if not count.is_unlikely:
        return ""
    return f"<br>{priority_glyph(3, filled=True)} {tongue('more than assumed')}"


def _due(picture: Picture, due: Due, tongue: Tongue) -> str:
    what = tongue(SUBSYSTEM_WORDS[due.subsystem])
    if due.days_left is None:
        return f"<span class='ps-quiet'>{what}: {tongue('not known')}</span>"
    sign = f"{priority_glyph(_DUE_SIGN[due.state], filled=False)} " if due.state in _DUE_SIGN else ""
    when = local(due.due_ns, picture.zone, "%Y-%m-%d")
    deferred = f", {tongue('deferred')}" if due.deferred else ""
    return f"<span class='ps-keep'>{sign}{what} {when}{deferred}</span>"


def _pfd(value: float | None) -> str:
    return NONE if value is None else f"{value:.1e}"


def _rrf(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f}"


def _hours(value: float) -> str:
    return f"{value:.1f} h"

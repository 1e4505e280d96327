"""Key figures of alarm management as a table, each beside its target."""

from html import escape

from dashboards.language import Tongue
from dashboards.numbers import NS_PER_S, duration
from plantsafe.alarms.kpi import Figures


def table(found: Figures, tongue: Tongue) -> str:
    """Targets: ISA-18.2 section 16 and EEMUA 191, as the reference page has them."""
    inclusive = found.flood_mode == "inclusive"
    floods = tongue("Floods (10 or more in 10 min)") if inclusive else tongue("Floods (over 10 in 10 min)")
    rows = [
        (tongue("Period"), duration((found.end_ns - found.begin_ns) / NS_PER_S), ""),
        (tongue("Announced alarms"), str(found.count), "≤ 144 / 24 h"),
        (tongue("Average in 10 min"), f"{found.per_10_min:.2f}", "≤ 1"),
        (tongue("Most in 10 min"), str(found.peak_10_min), "≤ 10"),
        (floods, f"{len(found.floods)} · {found.flood_share:.1%}", "< 1 %"),
        (tongue("Share of the ten most frequent"), f"{found.top_share:.0%}", "≤ 5 %"),
        (tongue("Chattering"), _names([entry.name for entry in found.chattering]), "0"),
        (tongue("Fleeting"), _names([entry.name for entry in found.fleeting]), "0"),
        (tongue("Stale"), _names(found.stale), "< 5"),
        (tongue("Standing"), _names(found.standing), "≤ 10"),
        (tongue("Shelved"), _names(found.shelved), ""),
        (tongue("Level after EEMUA 191"), "" if found.level is None else str(found.level), "1-2"),
    ]
    rows += [
        (
            tongue("Acknowledged, priority {number}").format(number=a.priority),
            f"{a.p50_s:.0f} s · {a.p95_s:.0f} s (95 %)",
            "",
        )
        for a in found.ack_times
    ]
    head = "".join(f"<th>{escape(text)}</th>" for text in ("", tongue("Figure"), tongue("Target")))
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table class='ps'><tr>{head}</tr>{body}</table>"


def _names(names: list[str] | tuple[str, ...]) -> str:
    return f"{len(names)}{': ' if names else ''}{', '.join(names[:5])}{' …' if len(names) > 5 else ''}"

"""Numbers, times and ages as engineers write them."""

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dashboards.language import Tongue
from plantsafe.plant.model import Point

NS_PER_S = 1_000_000_000
NONE = "–"


def decimals(resolution: float) -> int:
    """Digits after the point that an instrument's smallest step is worth, at most three; two where it is unknown."""
    if resolution <= 0:
        return 2
    return min(3, max(0, math.ceil(-math.log10(resolution) - 1e-9)))


def number(value: float, digits: int) -> str:
    """A number with a true minus sign; a dash for no number."""
    if not math.isfinite(value):
        return NONE
    text = f"{value:.{digits}f}"
    return "0" + text[2:] if text.strip("-0.") == "" and text.startswith("-") else text.replace("-", "−")


def reading(point: Point, value: float, tongue: Tongue) -> str:
    """A value without its unit of measure; the name of its state for a state point."""
    if point.kind == "state" and math.isfinite(value) and (text := point.states.get(round(value))):
        return tongue.text(text)
    return number(value, 0 if point.kind != "analog" else decimals(point.resolution))


def limit_text(value: float) -> str:
    """A limit as it was written into the plant file."""
    return f"{value:g}".replace("-", "−") if math.isfinite(value) else NONE


def with_eu(text: str, eu: str) -> str:
    """A number and its unit of measure (SI brochure 5.4.3: a space between them)."""
    return f"{text} {eu}" if eu and text != NONE else text


def local(time_ns: int, zone: ZoneInfo, form: str = "%H:%M:%S") -> str:
    """A moment in the site's time."""
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC).astimezone(zone).strftime(form)


def offset(time_ns: int, zone: ZoneInfo) -> str:
    """What the site's time is against UTC, as in `UTC+8`."""
    delta = datetime.fromtimestamp(time_ns // NS_PER_S, UTC).astimezone(zone).utcoffset()
    hours = delta.total_seconds() / 3600 if delta is not None else 0.0
    return f"UTC{hours:+g}" if hours else "UTC"


def duration(seconds: float) -> str:
    """`8 s`, `4 min 5 s`, `3 h 20 min`, `2 d 4 h`."""
    if not math.isfinite(seconds):
        return NONE
    whole = round(abs(seconds))
    sign = "−" if seconds < 0 and whole else ""
    if whole < 60:
        return f"{sign}{whole} s"
    if whole < 3600:
        return f"{sign}{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{sign}{whole // 3600} h {whole % 3600 // 60} min"
    return f"{sign}{whole // 86400} d {whole % 86400 // 3600} h"

"""The line on top of every page: where, how old, what is lost, what waits for acknowledgement."""

from dataclasses import dataclass
from html import escape

import numpy as np

from dashboards.components.glyph import PRIORITY_WORDS, mark, priority_glyph
from dashboards.language import Tongue
from dashboards.numbers import NS_PER_S, duration, local, offset
from dashboards.picture import Picture
from plantsafe.alarms.life_cycle import WAITING
from plantsafe.clock import Clock

STALE_SCANS = 3  # more than so many scans without a new one ...
STALE_WALL_S = 3.0  # ... and more than so many seconds of the reader's time: the page greys out (site default)
FUTURE_S = 5.0  # a scan so far ahead of this machine's clock: the ages shown cannot be right (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old the newest scan is, in plant time; `stale` greys the page, `ahead` says that the clocks disagree."""

    age_s: float
    stale: bool
    ahead: bool


def freshness(picture: Picture, clock: Clock) -> Freshness:
    """The age of the newest scan against the plant's clock."""
    age_ns = clock.utc_ns() - picture.frame.time_ns
    old = age_ns > STALE_SCANS * picture.plant.period_ns and clock.wall_s(age_ns) > STALE_WALL_S
    ahead = clock.wall_s(-age_ns) > FUTURE_S
    return Freshness(age_s=age_ns / NS_PER_S, stale=old or ahead, ahead=ahead)


def banner(picture: Picture, fresh: Freshness, tongue: Tongue) -> str:
    """What is wrong with the whole page; empty while all is well."""
    if fresh.ahead:
        text = tongue("The newest scan lies in the future of this machine's clock: no age on this page can be trusted")
    elif fresh.stale:
        since = local(picture.frame.time_ns, picture.zone, "%Y-%m-%d %H:%M:%S")
        text = tongue("No new scan since {time} ({age} ago): everything on this page is old").format(
            time=since, age=duration(fresh.age_s)
        )
    else:
        return ""
    return f"<div class='ps ps-banner ps-always'>{mark('×', tongue('stale'))} {escape(text)}</div>"


def bar(picture: Picture, fresh: Freshness, clock: Clock, tongue: Tongue, *, with_alarms: bool = True) -> str:
    """The line itself."""
    frame, plant = picture.frame, picture.plant
    parts = [f"<b>{escape(tongue.text(plant.file.site.title))}</b>"]
    if not clock.live:
        parts.append(f"<b>{tongue('SIMULATED PLANT')}</b> ×{clock.rate:g}")
    when = f"{local(frame.time_ns, picture.zone, '%Y-%m-%d %H:%M:%S')} {offset(frame.time_ns, picture.zone)}"
    parts.append(f"{tongue('scan')} {frame.number} · {when}")
    age = max(0.0, fresh.age_s)
    parts.append(f"{tongue('age')} {duration(age) if age >= 60 else f'{age:.1f} s'}")
    parts.extend(_sources(picture, tongue))
    if with_alarms:
        parts.append(_waiting(picture, tongue))
    return "<div class='ps ps-bar ps-always'>" + "".join(f"<span>{part}</span>" for part in parts) + "</div>"


def _sources(picture: Picture, tongue: Tongue) -> list[str]:
    state = dict(zip((c.name for c in picture.conditions), picture.live["active"].tolist(), strict=False))
    parts = []
    for source in picture.plant.file.sources:
        if state.get(f"{source.name}.lost"):
            parts.append(f"{escape(source.name)} {mark('×', tongue('lost'))} {tongue('lost')}")
        elif state.get(f"{source.name}.frozen"):
            parts.append(f"{escape(source.name)} {mark('?', tongue('frozen'))} {tongue('frozen')}")
        else:
            parts.append(f"{escape(source.name)} {tongue('connected')}")
    return parts


def _waiting(picture: Picture, tongue: Tongue) -> str:
    """How many alarms of each priority wait for acknowledgement."""
    rows = [i for i in picture.open_alarms.tolist() if WAITING[picture.state[i]]]
    priority = np.array([picture.conditions[i].priority for i in rows], dtype=np.int64)
    counts = [(p, int((priority == p).sum())) for p in PRIORITY_WORDS]
    signs = " ".join(
        f"{priority_glyph(p, filled=True, title=tongue(PRIORITY_WORDS[p]))}&nbsp;{count}"
        for p, count in counts
        if count
    )
    return f"{tongue('not acknowledged')}: {signs or '0'}"

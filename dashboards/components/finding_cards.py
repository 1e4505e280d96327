"""Findings with their explanation: what moved, what it may be, what was seen before and what people said of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from dashboards.components.events import against, kind_word, subject_title
from dashboards.language import Tongue, n_
from dashboards.numbers import duration, local, number
from dashboards.picture import Picture
from plantsafe.alarms.life_cycle import State
from plantsafe.findings.causes import Likely, fault_table, likely_of
from plantsafe.findings.past import Episode, Finding, episodes, findings, similar
from plantsafe.store.record import RecordReader
from plantsafe.verdict import ConditionClass

EVENTS_READ = 4000  # newest events of findings that are looked through: some hundred findings (site default)
RECENT_NS = 24 * 3600 * 1_000_000_000  # findings that are over stay on the page for so long (site default)
MOST_OVER = 5  # of them (site default)
MOST_OPEN = 8  # the newest open ones have a card (site default)
MOST_LINES = 5  # points of a card with their own line (site default)
MOST_MOVED = 6  # points that a card names (site default)
JUDGED_WORDS = {"confirmed": n_("confirmed"), "rejected": n_("rejected"), "": n_("not judged")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What happened, whether one of its findings still holds, what it may be, and what was like it before."""

    episode: Episode
    open: bool
    likely: Sequence[Likely]
    before: Sequence[tuple[float, Episode]]


def cards(folder: Path, picture: Picture, unit: str = "") -> list[Card]:
    """What is found now, the newest first, then what was over in the last day; of one unit where it is named."""
    units = picture.plant.unit_row
    unit_of = {
        condition.name: condition.unit
        for condition in picture.conditions
        if condition.klass is ConditionClass.FINDING and condition.unit in units
    }
    with RecordReader(folder) as reader:
        past = episodes(findings(reader, unit_of, newest=EVENTS_READ))
    open_, over = [], []
    for episode in reversed(past):
        if unit and episode.unit != unit:
            continue
        ended_ns = max(one.ended_ns or one.began_ns for one in episode.findings)
        if any(holds(one, picture) for one in episode.findings):
            open_.append(episode)
        elif picture.frame.time_ns - ended_ns < RECENT_NS:
            over.append(episode)
    chosen = [(one, True) for one in open_[:MOST_OPEN]] + [(one, False) for one in over[:MOST_OVER]]
    return [
        Card(episode=one, open=still, likely=likely_of(picture.plant, one), before=similar(one, past))
        for one, still in chosen
    ]


def holds(finding: Finding, picture: Picture) -> bool:
    """Whether this occurrence is the present one, and not over."""
    i = picture.row.get(finding.name)
    return i is not None and latest(finding, picture) and bool(picture.state[i] != State.NORM)


def latest(finding: Finding, picture: Picture) -> bool:
    """Whether its condition had no other occurrence since: then it can be judged."""
    i = picture.row.get(finding.name)
    return i is not None and int(picture.live["occurrence"][i]) == finding.occurrence


def card(found: Card, picture: Picture, tongue: Tongue) -> str:
    """One of them as HTML."""
    lines = [
        _head(found, picture, tongue),
        *(_finding(one, picture, tongue) for one in _shown(found.episode)),
        _moved(found.episode, picture, tongue),
        *_causes(found.likely, tongue),
        _before(found, picture, tongue),
        _judged(found.episode, picture, tongue),
    ]
    text = "".join(f"<div>{line}</div>" for line in lines if line)
    return f"<div class='ps ps-card{'' if found.open else ' ps-over'}'>{text}</div>"


def _head(found: Card, picture: Picture, tongue: Tongue) -> str:
    episode = found.episode
    since = local(episode.began_ns, picture.zone, "%Y-%m-%d %H:%M:%S")
    for_s = max(0.0, (picture.frame.time_ns - episode.began_ns) / 1e9)
    state = tongue("for {time}").format(time=duration(for_s)) if found.open else tongue("over")
    title = f"<b>{escape(subject_title(picture, episode.unit, tongue))}</b>"
    hidden = len(episode.findings) - len(_shown(episode))
    more = f" · {tongue('{count} more').format(count=hidden)}" if hidden else ""
    return f"{title} · {since} · {escape(state)}{escape(more)}"


def _shown(episode: Episode) -> Sequence[Finding]:
    """One finding of each point or unit, the first one that came."""
    found: dict[str, Finding] = {}
    for one in episode.findings:
        found.setdefault(one.name.rsplit(".", 1)[0], one)
    return list(found.values())[:MOST_LINES]


def _finding(finding: Finding, picture: Picture, tongue: Tongue) -> str:
    about = finding.name.rsplit(".", 1)[0]
    body = {"value": finding.value, "limit": finding.limit, "kind": finding.kind, "about": about}
    words = f"{kind_word(finding.kind, tongue)} {against(picture, body, tongue)}"
    return f"{escape(subject_title(picture, about, tongue))} <span class='ps-quiet'>{escape(words)}</span>"


def _judged(episode: Episode, picture: Picture, tongue: Tongue) -> str:
    finding = episode.judged
    if finding is None:
        return ""
    when = local(finding.judged_ns, picture.zone, "%Y-%m-%d %H:%M")
    return f"<b>{escape(' · '.join((*_said(finding, tongue), finding.actor, when)))}</b>"


def _said(finding: Finding | None, tongue: Tongue) -> list[str]:
    """What an engineer said of it, in words."""
    if finding is None:
        return [tongue(JUDGED_WORDS[""])]
    words = (tongue(JUDGED_WORDS[finding.judged]), cause_title(finding.cause, tongue), finding.comment)
    return [word for word in words if word]


def cause_title(cause: str, tongue: Tongue) -> str:
    """The row of the fault table that an engineer chose, in words; its own name where the table has none."""
    found = next((row for row in fault_table().rows if row.id == cause), None)
    return tongue.text(found.title) if found is not None else cause


def _moved(episode: Episode, picture: Picture, tongue: Tongue) -> str:
    """The point that left its band first, and what else stood out, in spreads."""
    away: dict[str, float] = {}
    for one in episode.findings:
        for name, far in one.moved:
            if abs(far) > abs(away.get(name, 0.0)):
                away[name] = far
    first = next((one.first for one in episode.findings if one.first), "")
    own = [name for one in episode.findings for name in one.points]
    names = list(dict.fromkeys((*([first] if first else []), *own, *away)))[:MOST_MOVED]
    if not names:
        return ""
    told = []
    for name in names:
        sign = f" {'▲' if away[name] >= 0 else '▼'} {number(abs(away[name]), 1)} σ" if name in away else ""
        title = subject_title(picture, name, tongue)
        word = f"<b>{escape(title)}</b>" if name == first else escape(name)
        told.append(f"<span class='ps-keep'>{word}{sign}</span>")
    label = tongue("First out of its band, in bold; others that stand out")
    return f"<span class='ps-quiet'>{escape(label)}:</span> {', '.join(told)}"


def _causes(found: Sequence[Likely], tongue: Tongue) -> list[str]:
    """What it may be, and what to look at."""
    if not found:
        words = tongue("No row of the fault table fits: look at the trends.")
        return [f"<span class='ps-quiet'>{escape(words)}</span>"]
    lines = []
    for one in found:
        points = f" <span class='ps-quiet'>({escape(', '.join(one.points[:3]))})</span>" if one.points else ""
        lines.append(
            f"<span class='ps-quiet'>{escape(tongue('May be'))}:</span> <b>{escape(tongue.text(one.cause.title))}</b>"
            f"{points} <span class='ps-quiet'>{escape(tongue('Check'))}:</span> "
            f"{escape(tongue.text(one.cause.check))}"
        )
    return lines


def _before(found: Card, picture: Picture, tongue: Tongue) -> str:
    """What was like it in the past, and what that was."""
    if not found.before:
        return f"<span class='ps-quiet'>{escape(tongue('Nothing like it in the record'))}</span>"
    told = []
    for like, one in found.before:
        when = local(one.began_ns, picture.zone, "%Y-%m-%d %H:%M")
        told.append(f"{when} ({like:.0%}, {', '.join(_said(one.judged, tongue))})")
    return f"<span class='ps-quiet'>{escape(tongue('Like it before'))}:</span> {escape('; '.join(told))}"

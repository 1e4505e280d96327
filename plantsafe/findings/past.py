"""Findings as the journal has them: what moved, what an engineer said; what is alike, how many were wrong."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plantsafe.store.record import EventRow, RecordReader

KINDS = ("finding_raised", "finding_cleared", "finding_explained", "finding_confirmed", "finding_rejected")
SIMILAR = 0.5  # of 1: two findings that share half of what moved (site default)
MOST_SIMILAR = 3  # that are told (site default)
TOGETHER_NS = 600 * 1_000_000_000  # from one finding to the next of what is taken as one thing (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One occurrence of a finding.

    points: what it is about, the strongest first. moved: points and how far they were away, in spreads, the first one
    that left its band first. by: the statistic, or what is wrong with a signal. side: of its limit the value was on.
    judged: confirmed, rejected, or empty; by whom, when, the cause and the comment that were given.
    """

    name: str
    occurrence: int
    kind: str
    unit: str
    scan: int
    began_ns: int
    ended_ns: int | None = None
    value: float | None = None
    limit: float | None = None
    points: tuple[str, ...] = ()
    moved: tuple[tuple[str, float], ...] = ()
    first: str = ""
    by: tuple[str, ...] = ()
    judged: str = ""
    actor: str = ""
    judged_ns: int = 0
    cause: str = ""
    comment: str = ""

    @property
    def side(self) -> str:
        """above or below the limit; empty where there is none."""
        if self.value is None or self.limit is None:
            return ""
        return "below" if self.limit < 0.0 else "above"


def findings(reader: RecordReader, unit_of: Mapping[str, str], *, newest: int | None = None) -> list[Finding]:
    """All findings of units in the journal, oldest first. unit_of: the unit of each condition, by name.

    newest: only what the newest so many events say.
    """
    events: Iterable[EventRow] = reader.events(kinds=KINDS, newest=newest)
    if newest is not None:
        events = reversed(list(events))
    return read_findings(events, unit_of)


def read_findings(events: Iterable[EventRow], unit_of: Mapping[str, str]) -> list[Finding]:
    """The same of some events, oldest first."""
    found: dict[tuple[str, int], Finding] = {}
    explained: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for event in events:
        body = json.loads(event.body)
        if event.kind == "finding_explained":
            explained[event.subject] = (event.scan, body)
            continue
        key = (event.subject, int(body.get("occurrence", 0)))
        if event.kind == "finding_raised":
            if event.subject not in unit_of:
                continue
            one = Finding(
                name=event.subject, occurrence=key[1], kind=str(body.get("kind", "")), unit=unit_of[event.subject],
                scan=event.scan, began_ns=event.time_ns, value=body.get("value"), limit=body.get("limit"),
            )  # fmt: skip
            scan, about = explained.get(event.subject, (0, {}))
            found[key] = _explained(one, about) if scan == event.scan else one
        elif (before := found.get(key)) is None:
            continue
        elif event.kind == "finding_cleared":
            found[key] = replace(before, ended_ns=event.time_ns)
        else:
            found[key] = replace(
                before, judged=event.kind.removeprefix("finding_"), actor=event.actor, judged_ns=event.time_ns,
                cause=str(body.get("cause", "")), comment=str(body.get("comment", "")),
            )  # fmt: skip
    return list(found.values())


def _explained(finding: Finding, body: Mapping[str, Any]) -> Finding:
    return replace(
        finding,
        points=tuple(body.get("points", ())),
        moved=tuple((str(name), float(away)) for name, away in body.get("moved", ())),
        first=str(body.get("first", "")),
        by=tuple(part.strip() for part in str(body.get("by", "")).split(",") if part.strip()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Findings of a unit that came together and are alike: one thing that happened, most likely. Oldest first."""

    findings: tuple[Finding, ...]

    @property
    def unit(self) -> str:
        """The unit of all of them."""
        return self.findings[0].unit

    @property
    def began_ns(self) -> int:
        """When the first one began."""
        return self.findings[0].began_ns

    @property
    def judged(self) -> Finding | None:
        """The one that was judged last; None while none was."""
        return max((one for one in self.findings if one.judged), key=lambda one: one.judged_ns, default=None)

    @property
    def signature(self) -> frozenset[str]:
        """Points and directions of all of them."""
        return frozenset().union(*(_signature(one) for one in self.findings))


def episodes(found: Iterable[Finding]) -> list[Episode]:
    """Findings as what happened, oldest first."""
    groups: list[list[Finding]] = []
    latest: dict[str, list[list[Finding]]] = {}
    for one in found:
        mine = latest.setdefault(one.unit, [])
        mine[:] = [group for group in mine if one.began_ns - group[-1].began_ns <= TOGETHER_NS]
        home = next((group for group in mine if any(likeness(one, other) >= SIMILAR for other in group)), None)
        if home is None:
            home = []
            mine.append(home)
            groups.append(home)
        home.append(one)
    return [Episode(findings=tuple(group)) for group in groups]


def likeness(one: Finding | Episode, other: Finding | Episode) -> float:
    """0 to 1: the share of points and directions that both have; findings of another unit are not alike."""
    if one.unit != other.unit:
        return 0.0
    mine, theirs = _signature(one), _signature(other)
    both = mine | theirs
    return len(mine & theirs) / len(both) if both else 0.0


def _signature(one: Finding | Episode) -> frozenset[str]:
    if isinstance(one, Episode):
        return one.signature
    away = dict(one.moved)
    names = dict.fromkeys((*one.points, *(name for name, _ in one.moved[:6])))
    if not names:
        return frozenset({one.name})
    return frozenset(f"{name} {'up' if away.get(name, 0.0) >= 0.0 else 'down'}" for name in names)


def similar(episode: Episode, past: Sequence[Episode]) -> list[tuple[float, Episode]]:
    """Earlier ones of the unit that are alike, those that were judged first, then the most alike and newest."""
    found = [
        (like, one) for one in past if one.began_ns < episode.began_ns and (like := likeness(episode, one)) >= SIMILAR
    ]
    found.sort(key=lambda pair: (pair[1].judged is None, -round(pair[0], 1), -pair[1].began_ns))
    return found[:MOST_SIMILAR]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often findings of a unit and kind were wrong: of the `judged` ones `rejected`."""

    unit: str
    kind: str
    raised: int
    confirmed: int
    rejected: int

    @property
    def share(self) -> float | None:
        """Rejected of judged ones; None while none was judged."""
        judged = self.confirmed + self.rejected
        return self.rejected / judged if judged else None


def rates(found: Iterable[Finding]) -> list[Rate]:
    """By unit and kind, those with most rejections first."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for one in found:
        groups.setdefault((one.unit, one.kind), []).append(one)
    answer = [
        Rate(
            unit=unit, kind=kind, raised=len(some),
            confirmed=sum(one.judged == "confirmed" for one in some),
            rejected=sum(one.judged == "rejected" for one in some),
        )
        for (unit, kind), some in groups.items()
    ]  # fmt: skip
    return sorted(answer, key=lambda rate: (-rate.rejected, -rate.raised, rate.unit, rate.kind))

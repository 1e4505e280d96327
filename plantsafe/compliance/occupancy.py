"""Head counts of partitions and workshops against their caps.

A count beyond the cap counts whatever its status, as long as there is a value, and so does an instrument driven to the
top of its range; only Good counts say that a cap was kept. A workshop is the sum of its partitions: what is seen of it
may already be beyond, all of it must be seen to be well. The site's own cap rules where it is stricter.
"""

import numpy as np

from plantsafe.compliance.figure import Evidence, Figure, Note, Row, figure_of_rows, judge
from plantsafe.compliance.period import Block, Span
from plantsafe.compliance.rules import Rule, holds
from plantsafe.compliance.tally import Tally, code
from plantsafe.frame import F8, U4, Bool, driven_high, is_bad, is_good
from plantsafe.plant import Plant
from plantsafe.plant.model import Text
from plantsafe.plant.tables import FAIL_HIGH


class Occupancy:
    """Takes the head-count columns of each block; two figures, partitions and workshops."""

    def __init__(self, plant: Plant, partition_rule: Rule, workshop_rule: Rule, span: Span) -> None:
        self._rules = (partition_rule, workshop_rule)
        shops = [shop for shop in plant.file.workshops if shop.partitions]
        parts = [part for shop in shops for part in shop.partitions]
        self._unjudged_shops = tuple(shop.name for shop in plant.file.workshops if not shop.partitions)
        self.columns = tuple(part.head_count for part in parts)
        self._subjects: tuple[list[tuple[str, Text]], list[tuple[str, Text]]] = (
            [(part.name, part.title) for part in parts],
            [(shop.name, shop.title) for shop in shops],
        )
        self._limits = (
            np.array([_stricter(partition_rule, part.head_count_max) for part in parts]),
            np.array([_stricter(workshop_rule, shop.head_count_max) for shop in shops]),
        )
        member = [[part in shop.partitions for part in parts] for shop in shops]
        self._member = np.array(member, dtype=np.bool_).reshape(len(shops), len(parts))
        points = np.array([plant.points.row[name] for name in self.columns], dtype=np.intp)
        self._fails_high = plant.points.fail[points] == FAIL_HIGH
        self._tallies = (Tally(len(parts), before=span.before), Tally(len(shops), before=span.before))
        self._peak = (np.full(len(parts), np.nan), np.full(len(shops), np.nan))
        alarms: dict[str, list[str]] = {}
        for alarm in plant.file.alarms:
            alarms.setdefault(alarm.point, []).append(alarm.name)
        by_part = [tuple(alarms.get(part.head_count, ())) for part in parts]
        by_shop = [
            tuple(name for part in shop.partitions for name in alarms.get(part.head_count, ())) for shop in shops
        ]
        self._alarms = (by_part, by_shop)

    def take(self, block: Block, value: F8, status: U4) -> None:
        """Judge the head counts of a block; value, status (n, n_partitions)."""
        driven = driven_high(status)
        usable = ~is_bad(status) & ~np.isnan(value) & ~(driven & self._fails_high)
        driven &= ~self._fails_high
        good = usable & is_good(status)
        seen = np.where(usable, value, 0.0)
        shop_seen = np.stack([seen[:, row].sum(axis=1) for row in self._member], axis=1) if len(self._member) else seen
        self._judge(0, block, np.where(usable, value, np.nan), driven, good)
        self._judge(
            1,
            block,
            np.where(_any(usable, self._member), shop_seen, np.nan),
            _any(driven, self._member),
            ~_any(~good, self._member),
        )

    def _judge(self, which: int, block: Block, value: F8, driven: Bool, good: Bool) -> None:
        if not len(self._limits[which]):
            return
        within = _within(value, self._limits[which], self._rules[which])
        beyond = driven | (~np.isnan(value) & ~within)
        self._tallies[which].take(code(beyond, good & within), block.missing)
        np.fmax(self._peak[which], np.fmax.reduce(value, axis=0), out=self._peak[which])

    def figures(self, span: Span, after: int, evidence: Evidence, events: dict[str, tuple[int, ...]]) -> list[Figure]:
        """The two figures; `events` maps the name of an alarm to the sequence numbers of its rises in the period."""
        answer = []
        for which, rule in enumerate(self._rules):
            tally = self._tallies[which]
            tally.close(after=after)
            rows = tuple(self._row(which, i, tally, evidence, events) for i in range(len(self._subjects[which])))
            notes: tuple[Note, ...] = ()
            if self._unjudged_shops:
                notes = (Note(key="without_partitions", words=(("names", ", ".join(self._unjudged_shops)),)),)
            answer.append(figure_of_rows(rule, rule.limit_in(span.length_s), rows, evidence, notes))
        return answer

    def _row(self, which: int, i: int, tally: Tally, evidence: Evidence, events: dict[str, tuple[int, ...]]) -> Row:
        rule, (name, title) = self._rules[which], self._subjects[which][i]
        limit, counts = float(self._limits[which][i]), tally.counts(i)
        peak = None if np.isnan(self._peak[which][i]) else float(self._peak[which][i])
        seqs = sorted(seq for alarm in self._alarms[which][i] for seq in events.get(alarm, ()))
        samples = evidence.scans * (1 if which == 0 else int(self._member[i].sum()))
        return Row(
            subject=name,
            title=title,
            value=peak,
            limit=limit,
            outcome=judge(
                rule,
                limit,
                seen=peak,
                best=np.inf if counts.beyond else -np.inf,
                worst=np.inf if counts.scheduled > counts.well else -np.inf,
                judged_share=counts.judged_share,
            ),
            counts=counts,
            evidence=Evidence(
                first_scan=evidence.first_scan,
                last_scan=evidence.last_scan,
                scans=evidence.scans,
                samples=samples,
                events=tuple(seqs),
            ),
        )


def _stricter(rule: Rule, own: int) -> float:
    """The rule's cap, or the site's own where keeping that keeps the rule's too."""
    limit = rule.limit_in(0.0)
    return float(own) if holds(own, limit, rule.comparator) else limit


def _within(value: F8, limit: F8, rule: Rule) -> Bool:
    answer: Bool = np.less_equal(value, limit) if rule.comparator == "<=" else np.less(value, limit)
    return answer


def _any(flag: Bool, member: Bool) -> Bool:
    """(n, n_workshops): does any partition of the workshop have the flag (n, n_partitions)?"""
    answer: Bool = np.logical_or.reduce(flag[:, None, :] & member[None, :, :], axis=2)
    return answer

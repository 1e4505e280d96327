"""Head-counts of partitions and workshops against their maxima."""

import numpy as np

from plantsafe.delay import Delay
from plantsafe.frame import Frame, is_bad, is_good
from plantsafe.plant import Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict

BREACH_S = 10.0  # a count over its maximum for 10 s is a breach; site default

_CONSEQUENCE = {
    "en": "More people than allowed are exposed if this area explodes.",
    "zh": "该区域一旦发生爆炸，受影响人数超过允许值。",
}
_ACTION = {
    "en": "Send people out of the area until the count is within its maximum; stop entry.",
    "zh": "立即疏散超员人员至限员以内，并禁止人员进入。",
}


class OccupancyCheck:
    """One alarm a partition, then one a workshop: `<name>.occupancy`. A workshop is the sum of its partitions.

    A count that is uncertain still raises; only good counts clear. A workshop with one count missing is over its
    maximum when the rest alone is; otherwise it is unknown.
    """

    name = "occupancy"

    def __init__(self, plant: Plant) -> None:
        workshops = [shop for shop in plant.file.workshops if shop.partitions]
        parts = [(i, part) for i, shop in enumerate(workshops) for part in shop.partitions]
        self._rows = np.array([plant.points.row[part.head_count] for _, part in parts], dtype=np.intp)
        self._shop = np.array([i for i, _ in parts], dtype=np.intp)
        self._n_shops = len(workshops)
        entries = [part for _, part in parts] + workshops
        self._limit = np.array([entry.head_count_max for entry in entries], dtype=np.float64)
        delay = np.full(len(entries), plant.scans(BREACH_S), dtype=np.int32)
        self._delay = Delay(delay, np.zeros(len(entries), dtype=np.int32))
        source = plant.points.source[self._rows]
        shop_source = [set(source[self._shop == i].tolist()) for i in range(self._n_shops)]
        sources = [*source.tolist(), *(found.pop() if len(found) == 1 else -1 for found in shop_source)]
        self.conditions = tuple(
            Condition(
                name=f"{entry.name}.occupancy",
                subject=entry.name,
                kind="occupancy",
                klass=ConditionClass.ALARM,
                priority=2,
                on_delay_scans=int(delay[0]),
                limit=float(entry.head_count_max),
                point=int(self._rows[i]) if i < len(parts) else -1,
                source=sources[i],
                consequence=_CONSEQUENCE,
                action=_ACTION,
            )
            for i, entry in enumerate(entries)
        )

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge every count."""
        status = frame.status[self._rows]
        usable, good = ~is_bad(status), is_good(status)
        part = np.where(usable, frame.value[self._rows], 0.0)
        shop = np.bincount(self._shop, weights=part, minlength=self._n_shops)
        doubtful = np.bincount(self._shop, weights=~good, minlength=self._n_shops) > 0.0
        count = np.concatenate([part, shop])
        beyond = count > self._limit
        unknown = ~beyond & np.concatenate([~good, doubtful])
        self._delay.step(beyond, unknown, number=frame.number, gap=verdict.gap)
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since
        verdict.unknown[block] = unknown
        verdict.value[block] = np.where(np.concatenate([usable, np.ones_like(shop, dtype=np.bool_)]), count, np.nan)
        verdict.limit[block] = self._limit

    def state(self) -> Arrays:
        """The timers."""
        return self._delay.state()

    def rows(self) -> Rows:
        """Timers go over by the condition's name."""
        return dict.fromkeys(self._delay.state(), tuple(condition.name for condition in self.conditions))

    def load(self, arrays: Arrays) -> None:
        """Take over the timers."""
        self._delay.load(arrays)

    def live(self) -> Arrays:
        """Nothing beside the conditions."""
        return {}

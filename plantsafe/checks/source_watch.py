"""What sources say of their own work: a clock that is off, a certificate that ends, a right to write, slow reads.

The figures are points of the frame (`plantsafe.plant.watch`), so that a stored run is judged again as it was. A lost
source suppresses its conditions by design: nothing can be said of its link.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

import numpy as np

from plantsafe.checks.delay import Delay, beyond_with_deadband
from plantsafe.frame import Frame, is_bad
from plantsafe.plant.tables import Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition on a figure: it holds where sign * figure is at or beyond sign * limit.

    size: the figure's amount counts, on both sides of zero. `$source` in a text is the source's name.
    """

    name: str
    kind: str
    figure: str
    klass: ConditionClass
    priority: int
    limit: float
    sign: float = 1.0
    size: bool = False
    deadband: float = 0.0
    on_delay_scans: int = 0
    off_delay_scans: int = 0
    consequence: Mapping[str, str]
    action: Mapping[str, str]


_FINDING, _ALARM = ConditionClass.FINDING, ConditionClass.ALARM
_CLOCK_ACTION = {
    "en": "Compare the clock of $source and of this machine with the plant's time server; mend the one that is off. "
    "Usual causes: time service stopped, wrong time zone set as UTC, a replaced battery or controller.",
    "zh": "将 $source 与本机的时钟分别同全厂时间服务器比对，校正有偏差的一方。"
    "常见原因：对时服务停止、时区误设为 UTC、更换电池或控制器。",
}
RULES = (
    Rule(
        name="clock_differs", kind="source_clock_differs", figure="clock_offset", klass=_FINDING, priority=4,
        limit=0.5, size=True, deadband=0.1, on_delay_scans=4, off_delay_scans=60,  # site default
        consequence={
            "en": "Times of $source and of this record differ: the order of events across systems is uncertain.",
            "zh": "$source 与本记录的时间不一致：跨系统的事件先后次序不可靠。",
        },
        action=_CLOCK_ACTION,
    ),
    Rule(
        name="clock_wrong", kind="source_clock_wrong", figure="clock_offset", klass=_ALARM, priority=3,
        limit=2.0, size=True, deadband=0.5, on_delay_scans=4, off_delay_scans=10,  # site default
        consequence={
            "en": "Source times of $source cannot be compared with the record; response times and first-out are wrong.",
            "zh": "$source 的源时间无法与本记录比较；响应时间和首出原因判断将出错。",
        },
        action=_CLOCK_ACTION,
    ),
    Rule(
        name="certificate_ends", kind="source_certificate_ends", figure="certificate_days", klass=_ALARM, priority=3,
        limit=30.0, sign=-1.0,  # days ahead: site default, a maintenance interval is planned a month ahead
        consequence={
            "en": "When the certificate ends the link to $source can no longer be made: its points are lost.",
            "zh": "证书到期后将无法与 $source 建立连接，其全部点位丢失。",
        },
        action={
            "en": "Renew the certificate that ends first, ours or the server's, and have the other side trust the new "
            "one before that day. Cause: certificates are made for a fixed time.",
            "zh": "在到期前更新最先到期的证书（本机或服务器），并让对方信任新证书。原因：证书有固定有效期。",
        },
    ),
    Rule(
        name="writable", kind="source_writable", figure="writable_points", klass=_FINDING, priority=4, limit=1.0,
        consequence={
            "en": "$source would let this account write: the protection then rests on plantsafe alone, which never "
            "sends a write.",
            "zh": "$source 允许本账户写入：此时只靠 plantsafe 自身（从不发送写请求）来保证只读。",
        },
        action={
            "en": "Give plantsafe an account with read and browse rights only. Usual cause: the server's anonymous "
            "or default role may write.",
            "zh": "为 plantsafe 配置仅有读取和浏览权限的账户。常见原因：服务器的匿名或默认角色具有写权限。",
        },
    ),
    Rule(
        name="overruns", kind="source_overruns", figure="overruns", klass=_FINDING, priority=4, limit=1.0,
        on_delay_scans=2, off_delay_scans=60,  # site default: three scans in a row are no accident of one moment
        consequence={
            "en": "Reads of $source are not done within the scan: values come late or, in part, not at all.",
            "zh": "$source 的读取未能在一个扫描周期内完成：数值延迟或部分缺失。",
        },
        action={
            "en": "Look at the read time of $source. Read fewer points or less often (scan_period_s), or find what "
            "slows the server or the network.",
            "zh": "查看 $source 的读取用时。减少点数或降低读取频率（scan_period_s），或查明服务器、网络变慢的原因。",
        },
    ),
)  # fmt: skip


class SourceWatchCheck:
    """One condition a rule and source that has the figure, `<source>.<rule>`; all sources of a rule together."""

    name = "watch"

    def __init__(self, plant: Plant) -> None:
        entries = plant.file.sources
        pairs = [
            (rule, i, int(row))
            for rule in RULES
            for i, row in enumerate(plant.watch.of(rule.figure).tolist())
            if row >= 0
        ]
        self._rows = np.array([row for _, _, row in pairs], dtype=np.intp)
        self._size = np.array([rule.size for rule, _, _ in pairs], dtype=np.bool_)
        self._limit = np.array([rule.limit for rule, _, _ in pairs], dtype=np.float64)
        self._sign = np.array([rule.sign for rule, _, _ in pairs], dtype=np.float64)
        self._deadband = np.array([rule.deadband for rule, _, _ in pairs], dtype=np.float64)
        self._delay = Delay(
            np.array([rule.on_delay_scans for rule, _, _ in pairs], dtype=np.int32),
            np.array([rule.off_delay_scans for rule, _, _ in pairs], dtype=np.int32),
        )
        self.conditions = tuple(_condition(rule, entries[i].name, i, row) for rule, i, row in pairs)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge every figure of `frame`; what is not known now holds its timers."""
        value = frame.value[self._rows]
        amount = np.where(self._size, np.abs(value), value)
        beyond = beyond_with_deadband(amount, self._limit, self._sign, self._deadband, self._delay.active)
        unknown = is_bad(frame.status[self._rows])
        self._delay.step(beyond & ~unknown, unknown, number=frame.number, gap=verdict.gap)
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since
        verdict.unknown[block] = unknown
        verdict.value[block] = value
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


def _condition(rule: Rule, source: str, row: int, point: int) -> Condition:
    return Condition(
        name=f"{source}.{rule.name}",
        subject=source,
        kind=rule.kind,
        klass=rule.klass,
        priority=rule.priority,
        on_delay_scans=rule.on_delay_scans,
        off_delay_scans=rule.off_delay_scans,
        deadband=rule.deadband,
        limit=rule.limit,
        point=point,
        source=row,
        consequence={language: Template(text).substitute(source=source) for language, text in rule.consequence.items()},
        action={language: Template(text).substitute(source=source) for language, text in rule.action.items()},
    )

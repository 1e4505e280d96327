"""The conditions of what each safety function is worth, and of its proof tests."""

from dataclasses import dataclass
from typing import Literal

from plantsafe.plant import Plant
from plantsafe.plant.model import SafetyFunction
from plantsafe.verdict import Condition, ConditionClass

Kind = Literal["worse_than_required", "period_worse", "test_due", "test_overdue", "high_demand"]
TEST_DUE_DAYS = 30.0  # a finding says that a proof test comes up (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    klass: ConditionClass
    priority: int
    needs_source: bool
    consequence: dict[str, str] | None  # None: the function's own
    action: dict[str, str]


_TABLE: dict[Kind, _Text] = {
    "worse_than_required": _Text(
        klass=ConditionClass.ALARM,
        priority=2,
        needs_source=True,
        consequence=None,
        action={
            "en": "What is left of the function does not reduce the risk as required. Put compensating measures in "
            "place and have it restored.",
            "zh": "该功能剩余的保护能力达不到要求的风险降低。落实补偿措施并尽快恢复。",
        },
    ),
    "period_worse": _Text(
        klass=ConditionClass.FINDING,
        priority=2,
        needs_source=False,
        consequence=None,
        action={
            "en": "Over the last twelve months the function protected less than required: find out what cost it most.",
            "zh": "过去十二个月该功能的平均保护能力低于要求：查明主要原因。",
        },
    ),
    "test_due": _Text(
        klass=ConditionClass.FINDING,
        priority=4,
        needs_source=False,
        consequence={
            "en": "With a test overdue the function is worth less each day.",
            "zh": "检验测试逾期后，该功能的可靠性逐日下降。",
        },
        action={
            "en": "Plan the proof test before its day.",
            "zh": "在到期日前安排检验测试。",
        },
    ),
    "test_overdue": _Text(
        klass=ConditionClass.FINDING,
        priority=3,
        needs_source=False,
        consequence={
            "en": "Failures that only the proof test finds stay hidden for longer than the design assumes.",
            "zh": "只有检验测试才能发现的失效，隐藏时间超出设计假定。",
        },
        action={
            "en": "Test it, or have a deferral approved by a second person.",
            "zh": "立即进行检验测试，或由第二人批准延期。",
        },
    ),
    "high_demand": _Text(
        klass=ConditionClass.FINDING,
        priority=2,
        needs_source=False,
        consequence={
            "en": "The function is needed more than once a year, or twice as often as it is tested: it is in high "
            "demand (IEC 61511-1 3.2.39, IEC 61508-4 3.5.16), and its PFD is not the figure to judge it by.",
            "zh": "该功能的实际要求频率超过每年一次（或检验测试频率的两倍）：属于高要求模式"
            "（IEC 61511-1 3.2.39，IEC 61508-4 3.5.16），不应再以PFD评价。",
        },
        action={
            "en": "Judge it by PFH (page `PFD and tests`), have the risk analysis reviewed, and remove what causes the "
            "demands.",
            "zh": "改用PFH评价（见“PFD与检验测试”页面），复审风险分析，并消除触发联锁的原因。",
        },
    ),
}

KINDS: tuple[Kind, ...] = tuple(_TABLE)


def pfd_conditions(plant: Plant) -> tuple[Condition, ...]:
    """Rows of all functions, in the order of the plant file, each with its kinds in the order of KINDS.

    What depends on what is seen has the source of the trip bit; when it is lost they are suppressed by design.
    """
    return tuple(_condition(plant, entry, kind) for entry in plant.file.functions for kind in KINDS)


def _condition(plant: Plant, entry: SafetyFunction, kind: Kind) -> Condition:
    text = _TABLE[kind]
    row = plant.points.row[entry.tripped] if text.needs_source else -1
    limits = {"worse_than_required": 1.0 / entry.rrf, "period_worse": 1.0 / entry.rrf, "test_due": TEST_DUE_DAYS}
    return Condition(
        name=f"{entry.name}.{kind}",
        subject=entry.name,
        kind=kind,
        klass=text.klass,
        priority=text.priority,
        limit=limits.get(kind, float("nan")),
        point=row,
        source=int(plant.points.source[row]) if text.needs_source else -1,
        unit=entry.unit,
        consequence=text.consequence or entry.consequence.model_dump(),
        action=text.action,
    )

"""The eight conditions of each safety function."""

from dataclasses import dataclass
from typing import Literal

from plantsafe.plant import Plant
from plantsafe.plant.model import SafetyFunction
from plantsafe.verdict import Condition, ConditionClass

Kind = Literal["demand", "tripped", "failure_on_demand", "spurious_trip", "degraded", "none", "repair_over", "bypass"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    klass: ConditionClass
    priority: int
    consequence: dict[str, str] | None = None  # None: the function's own
    action: dict[str, str] | None = None


_TABLE: dict[Kind, _Text] = {
    "demand": _Text(klass=ConditionClass.FINDING, priority=2),
    "tripped": _Text(klass=ConditionClass.ALARM, priority=2),
    "failure_on_demand": _Text(klass=ConditionClass.ALARM, priority=1),
    "spurious_trip": _Text(
        klass=ConditionClass.ALARM,
        priority=2,
        consequence={
            "en": "The plant was brought to its safe state without need; restarting it is a hazard of its own.",
            "zh": "装置被无故联锁停车；重新开车本身存在风险。",
        },
        action={
            "en": "Find the cause at the safety system before the reset; do not restart before it is known.",
            "zh": "复位前在安全仪表系统查明原因；原因未明不得开车。",
        },
    ),
    "degraded": _Text(
        klass=ConditionClass.ALARM,
        priority=3,
        action={
            "en": "Have the faulted channel repaired in its permitted time; watch the channels that are left.",
            "zh": "在允许修复时间内修复故障通道；加强监视其余通道。",
        },
    ),
    "none": _Text(
        klass=ConditionClass.ALARM,
        priority=1,
        action={
            "en": "The function cannot trip. Put compensating measures in place now, or make the unit safe.",
            "zh": "该联锁已无法动作。立即落实补偿措施，或将单元置于安全状态。",
        },
    ),
    "repair_over": _Text(
        klass=ConditionClass.ALARM,
        priority=2,
        consequence={
            "en": "The function has been degraded for longer than its permitted repair time.",
            "zh": "该联锁降级时间已超过允许修复时间。",
        },
        action={
            "en": "Bring the unit to its safe state, or have the plant manager agree compensating measures.",
            "zh": "将单元置于安全状态，或由厂长批准补偿措施。",
        },
    ),
    "bypass": _Text(
        klass=ConditionClass.ALARM,
        priority=2,
        action={
            "en": "Check that the bypass is approved and its compensating measures are in force; end it when done.",
            "zh": "核对旁路审批和补偿措施是否到位；工作完成后立即解除旁路。",
        },
    ),
}

KINDS: tuple[Kind, ...] = tuple(_TABLE)


def function_conditions(plant: Plant) -> tuple[Condition, ...]:
    """Rows of all functions, in the order of the plant file, each with its kinds in the order of KINDS.

    Their source is that of the trip bit: when it is lost they are suppressed by design.
    """
    return tuple(_condition(plant, entry, kind) for entry in plant.file.functions for kind in KINDS)


def _condition(plant: Plant, entry: SafetyFunction, kind: Kind) -> Condition:
    text = _TABLE[kind]
    trip_row = plant.points.row[entry.tripped]
    limits = {"demand": entry.setpoint, "failure_on_demand": entry.response_s, "repair_over": entry.repair_h}
    return Condition(
        name=f"{entry.name}.{kind}",
        subject=entry.name,
        kind=kind,
        klass=text.klass,
        priority=text.priority,
        limit=limits.get(kind) or float("nan"),
        point=trip_row,
        source=int(plant.points.source[trip_row]),
        unit=entry.unit,
        consequence=text.consequence or entry.consequence.model_dump(),
        action=text.action or entry.action.model_dump(),
    )

"""The conditions of bypasses: by bit, by function, by unit, and of the shift handover."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from plantsafe.plant import Plant
from plantsafe.verdict import Condition, ConditionClass

BitKind = Literal["unauthorised", "ending", "over_time"]
BIT_KINDS: tuple[BitKind, ...] = ("unauthorised", "ending", "over_time")
HANDOVER = "bypasses.handover"
REALARM_S = 1800.0  # an acknowledged bypass over its time comes back every half an hour (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    klass: ConditionClass
    priority: int
    consequence: dict[str, str]
    action: dict[str, str]
    realarm_s: float = 0.0


_TABLE: dict[str, _Text] = {
    "unauthorised": _Text(
        klass=ConditionClass.ALARM,
        priority=1,
        consequence={
            "en": "The safety system ignores this channel, and nobody has approved that.",
            "zh": "安全系统已旁路该通道，且无审批记录。",
        },
        action={
            "en": "End the bypass at the safety system now, or record and approve it with its measures.",
            "zh": "立即在安全仪表系统解除旁路，或补办旁路审批并落实措施。",
        },
    ),
    "ending": _Text(
        klass=ConditionClass.FINDING,
        priority=3,
        consequence={
            "en": "Four fifths of the approved time of the bypass are over.",
            "zh": "旁路已用去批准时限的80%。",
        },
        action={
            "en": "Finish the work and end the bypass, or have it approved anew.",
            "zh": "完成作业并解除旁路，或重新办理审批。",
        },
    ),
    "over_time": _Text(
        klass=ConditionClass.ALARM,
        priority=2,
        consequence={
            "en": "The bypass lasts longer than approved: its compensating measures were not assessed for that.",
            "zh": "旁路超过批准时限：补偿措施未按此时长评估。",
        },
        action={
            "en": "End the bypass, or have it approved anew at the next level.",
            "zh": "解除旁路，或由上一级重新审批。",
        },
        realarm_s=REALARM_S,
    ),
    "second_bypass": _Text(
        klass=ConditionClass.ALARM,
        priority=1,
        consequence={
            "en": "More than one channel of the function is bypassed: it may not trip.",
            "zh": "同一联锁有一个以上通道被旁路：可能无法动作。",
        },
        action={
            "en": "End all bypasses of this function but one at once.",
            "zh": "立即解除该联锁的其余旁路，仅保留一个。",
        },
    ),
    "bypasses": _Text(
        klass=ConditionClass.ALARM,
        priority=2,
        consequence={
            "en": "Several functions of the unit have bypassed channels at the same time.",
            "zh": "同一单元有多个联锁同时存在旁路。",
        },
        action={
            "en": "End the bypasses of all functions but one.",
            "zh": "仅保留一个联锁的旁路，其余解除。",
        },
    ),
    "handover": _Text(
        klass=ConditionClass.ALARM,
        priority=2,
        consequence={
            "en": "The shift has not acknowledged the bypasses that it took over.",
            "zh": "接班后未确认未解除的旁路。",
        },
        action={
            "en": "Go through the open bypasses and their measures, and acknowledge each (protection page).",
            "zh": "逐项核对未解除的旁路及其措施，并逐一确认（保护页面）。",
        },
    ),
}


def bypass_conditions(
    plant: Plant, bits: Sequence[str], functions: Sequence[str], units: Sequence[str]
) -> tuple[Condition, ...]:
    """By bit with its kinds in the order of BIT_KINDS, then by function, by unit, and the handover."""
    row = plant.points.row
    first_unit = {f.name: f.unit for f in plant.file.functions}
    if not bits:
        return ()
    found = [
        _condition(plant, f"{bit}.{kind}", bit, kind, row[bit], plant.entries[row[bit]].unit)
        for bit in bits
        for kind in BIT_KINDS
    ]
    found += [
        _condition(plant, f"{name}.second_bypass", name, "second_bypass", -1, first_unit[name]) for name in functions
    ]
    found += [_condition(plant, f"{name}.bypasses", name, "bypasses", -1, name) for name in units]
    found.append(_condition(plant, HANDOVER, plant.file.site.name, "handover", -1, ""))
    return tuple(found)


def _condition(plant: Plant, name: str, subject: str, kind: str, point: int, unit: str) -> Condition:
    text = _TABLE[kind]
    return Condition(
        name=name,
        subject=subject,
        kind=f"bypass_{kind}",
        klass=text.klass,
        priority=text.priority,
        point=point,
        source=-1 if point < 0 else int(plant.points.source[point]),
        unit=unit,
        consequence=text.consequence,
        action=text.action,
        realarm_scans=plant.scans(text.realarm_s),
    )

"""The findings of continuous units: their order, how soon they come, what they mean and what to do."""

from plantsafe.plant import Plant
from plantsafe.plant.model import Unit
from plantsafe.verdict import Condition, ConditionClass

KINDS = (
    *("feed_ratio", "mass_balance", "missing_mass", "pressure_drop", "profile", "hold_up"),
    *("hold_up_differs", "reverse_flow", "conveyor_blocked", "conveyor_heat"),
)
RATIO, BALANCE, MISSING, DROP, PROFILE, HOLD_UP, DIFFERS, REVERSE, BLOCKED, HEAT = range(len(KINDS))
PROMPT_S, ON_DELAY_S, OFF_DELAY_S = 3.0, 30.0, 60.0  # site defaults
PROMPT = ("reverse_flow", "conveyor_blocked", "profile")

_TEXTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "feed_ratio": (
        {
            "en": "The feeds come in another ratio than the recipe's: what is in excess goes on unreacted.",
            "zh": "进料配比偏离工艺值：过量物料未反应即进入后续设备。",
        },
        {
            "en": "Compare pumps and flow meters; correct the ratio or stop both feeds.",
            "zh": "核对进料泵与流量计；校正配比或停止两路进料。",
        },
    ),
    "mass_balance": (
        {
            "en": "More or less leaves the unit than comes in: it leaks, it gathers inside, or a meter lies.",
            "zh": "进出料不平衡：泄漏、物料在装置内积聚或流量计失准。",
        },
        {
            "en": "Look for a leak and for solids; compare the flow meters; reduce the feed until it is explained.",
            "zh": "检查泄漏与固体析出；核对流量计；查明前降低进料。",
        },
    ),
    "missing_mass": (
        {
            "en": "More mass is missing than the flow meters can be wrong by: it is somewhere where it should not be.",
            "zh": "缺失物料量超过流量计误差：物料已在不应存在之处。",
        },
        {
            "en": "Stop the feeds; find where it is before anybody works on the unit.",
            "zh": "停止进料；查明物料去向前禁止作业。",
        },
    ),
    "pressure_drop": (
        {
            "en": "The pressure drop is above that of the clean unit at the same flow: it clogs or fouls.",
            "zh": "同流量下压降高于清洁曲线：正在堵塞或结垢。",
        },
        {"en": "Watch the trend; flush at the next chance, before the alarm.", "zh": "关注趋势；在报警前择机冲洗。"},
    ),
    "profile": (
        {
            "en": "A temperature along the way is off the normal one: cooling, mixing or reaction has changed.",
            "zh": "沿程温度偏离该进料量下的正常分布：冷却、混合或反应已变化。",
        },
        {
            "en": "Check coolant, feed ratio and inlet temperature; reduce the feed if the hot spot rises.",
            "zh": "检查冷却、配比与入口温度；热点升高时降低进料。",
        },
    ),
    "reverse_flow": (
        {
            "en": "Something flows back: acid and organic feed meet where they are not cooled.",
            "zh": "发生倒流：混酸与有机相在无冷却处接触。",
        },
        {
            "en": "Close both feeds; keep people away from the feed lines; sample the line before it is used again.",
            "zh": "关闭两路进料；人员远离进料管线；恢复前取样检查。",
        },
    ),
    "hold_up": (
        {
            "en": "More nitrated product stands after the reactor than may: what continuous flow was to avoid.",
            "zh": "反应器后硝化产物存量超限：失去连续流工艺的意义。",
        },
        {"en": "Send it on, or stop the feeds.", "zh": "尽快转出，或停止进料。"},
    ),
    "hold_up_differs": (
        {
            "en": "What the vessel shows is not what the flows in and out leave in it: one of them lies, or it leaks.",
            "zh": "容器示值与进出流量推算的存量不符：仪表失准或泄漏。",
        },
        {
            "en": "Do not trust the vessel's level; look at it on the spot, compare the flow meters, look for a leak.",
            "zh": "不得依赖该液位示值；现场确认，核对流量计，检查泄漏。",
        },
    ),
    "conveyor_blocked": (
        {
            "en": "The drive works harder while less leaves: nitrated solids are squeezed and rubbed in the conveyor.",
            "zh": "驱动电流升高而出料减少：硝化固体在输送机内受挤压摩擦。",
        },
        {
            "en": "Stop what feeds it and the drive; clear the area; do not free it by force.",
            "zh": "停止上游进料与驱动；撤离人员；严禁强行疏通。",
        },
    ),
    "conveyor_heat": (
        {
            "en": "What is in the conveyor is warmer than in normal running: it begins to heat itself.",
            "zh": "输送机内物料温度高于正常：开始自热。",
        },
        {"en": "Clear the area; stop the feed; spray.", "zh": "撤离人员；停止进料；喷淋。"},
    ),
}


def line_condition(plant: Plant, unit: Unit, kind: str) -> Condition:
    """The condition of a kind of finding of a unit."""
    consequence, action = _TEXTS[kind]
    return Condition(
        name=f"{unit.name}.{kind}",
        subject=unit.name,
        kind=kind,
        klass=ConditionClass.FINDING,
        priority=2 if kind in ("reverse_flow", "conveyor_blocked", "conveyor_heat") else 3,
        on_delay_scans=plant.scans(PROMPT_S if kind in PROMPT else ON_DELAY_S),
        off_delay_scans=plant.scans(OFF_DELAY_S),
        unit=unit.name,
        consequence=consequence,
        action=action,
    )

"""A first plant file from a few answers: it loads, and marks by `FILL` what only the plant's own papers can say."""

import json
from dataclasses import dataclass

from plantsafe.plant.model import ProcessType
from plantsafe.plant.schema import MODELINE

FILL = "FILL"
UA_NAMESPACE = "http://opcfoundation.org/UA/"  # OPC 10000-6: the standard's own nodes
CURRENT_TIME = "i=2258"  # OPC 10000-6: Server_ServerStatus_CurrentTime

NITRATION_PARAMETERS = (  # Notice 2009-116, monitored parameters of nitration
    ("reactor_temperature", "temperature in the reactor"),
    ("agitation", "speed and current of the agitator"),
    ("nitrating_agent_flow", "flow of the nitrating agent"),
    ("cooling_water_flow", "flow of the cooling water"),
    ("ph", "pH of the cooling water"),
    ("product_impurity", "impurities in the product, or a laboratory sample: `sampled`"),
    ("distillation_temperature", "temperature of the still"),
    ("still_impurity", "impurities in the still bottoms, or a laboratory sample: `sampled`"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a first file needs to know. An empty `opcua` or `modbus` leaves that source out; one of them must be there.

    title: the site in words. opcua: `opc.tcp://HOST:PORT/PATH`, namespace: the URI of its points. modbus: `tcp://HOST:PORT`.
    more_units: units beside `unit`, not described yet. points_table, limits_table: tables that are there already, the
    limits still to be rationalised. security, login: further keys of the OPC UA source and their values.
    heartbeat: what to call the point of the server's clock.
    """

    author: str
    site: str
    title: str
    workshop: str
    unit: str
    process: ProcessType
    opcua: str = ""
    namespace: str = ""
    modbus: str = ""
    schema_file: str = ""
    more_units: tuple[str, ...] = ()
    points_table: str = ""
    limits_table: str = ""
    security: tuple[tuple[str, str], ...] = ()
    login: tuple[tuple[str, str], ...] = ()
    heartbeat: str = "HB-DCS"


def first_file(answers: Answers) -> str:
    """The text of the plant file."""
    modeline = f"{MODELINE}{answers.schema_file}\n" if answers.schema_file else ""
    sources = "".join([_dcs(answers) if answers.opcua else "", _sis(answers) if answers.modbus else ""])
    points = "".join([_dcs_point(answers) if answers.opcua else "", _sis_point(answers) if answers.modbus else ""])
    return f"""{modeline}# The plant description: what the plant is. {FILL} marks what the plant's papers must say.
# `plantsafe check` names every mistake with its line; `plantsafe approve` records who approved this state of the file.
schema: 1
author: {_text(answers.author)}   # who wrote this state of the file; the approver is somebody else
scan_period_s: 1.0

site:
  name: {_text(answers.site)}
  title: {_both(answers.title)}
  timezone: Asia/Shanghai

workshops:
  # head_count_max: how many persons may be in the workshop, and in each explosion-proof partition.
  # {FILL}: the partitions, each with the point that counts its people:
  #   partitions:
  #     - {{name: P1, title: {{en: Reactor bay, zh: 反应间}}, head_count: HC-1, head_count_max: 3}}
  - name: {_text(answers.workshop)}
    title: {_both(answers.workshop)}
    head_count_max: 9

units:
  - name: {_text(answers.unit)}
    title: {_both(answers.unit)}
    workshop: {_text(answers.workshop)}
    process: {answers.process.value}
{_unit_rest(answers.process)}{_more_units(answers)}
sources:
{sources}
points:
{_table(answers)}{points}
# {FILL}: alarms, one entry a limit, with what happens if nobody acts and what to do:
{_limits(answers)}#   alarms:
#     - {{name: TI-101.H, point: TI-101, direction: H, limit: 67, deadband: 1.4, priority: 2, class: safety,
#        respond_min: 10, consequence: {{en: The tank heats up, zh: 釜温上升}},
#        action: {{en: Cut the dosing, zh: 降低滴加流量}}}}
# {FILL}: functions (the safety instrumented functions), gas_detectors, inventories, people
"""


def to_fill(text: str) -> list[tuple[int, str]]:
    """Line and words of everything in the text that waits to be filled in."""
    return [
        (number, line.partition(FILL)[2].lstrip(": ").rstrip(":"))
        for number, line in enumerate(text.splitlines(), start=1)
        if f"{FILL}:" in line
    ]


def _unit_rest(process: ProcessType) -> str:
    if process is not ProcessType.NITRATION_SEMIBATCH:
        return f"    # {FILL}: display: [POINT, ...]   the points that the overview shows, most important first\n"
    lines = [f"    #   {key}: [POINT, ...]   # {words}" for key, words in NITRATION_PARAMETERS]
    head = (
        f"    # {FILL}: the monitored parameters of nitration (without them `plantsafe check` says which are missing):"
    )
    hazard = (
        f"    # {FILL}: the assessed reaction hazard, from the report:\n"
        "    #   hazard: {tp_c: , mtsr_c: , mtt_c: , td24_c: , assessed_class: , report: , date: }"
    )
    return "\n".join([head, "    #   parameters:", *(line.replace("#   ", "#     ", 1) for line in lines), hazard, ""])


def _more_units(answers: Answers) -> str:
    if not answers.more_units:
        return ""
    return f"  # {FILL}: what each of these runs; they are called by the folders of the server\n" + "".join(
        f"  - {{name: {_text(unit)}, title: {_both(unit)}, workshop: {_text(answers.workshop)}, process: utility}}\n"
        for unit in answers.more_units
    )


def _table(answers: Answers) -> str:
    if answers.points_table:
        return f"  - {{table: {_text(answers.points_table)}}}\n"
    return """  # A list of the plant's instruments is read by `plantsafe plant import LIST.xlsx`; its table goes here:
  #   - {table: points.csv}
"""


def _limits(answers: Answers) -> str:
    if not answers.limits_table:
        return ""
    return f"""# The limits that the server has are in a table; each is an alarm once its empty columns are filled in:
#   alarms: {{table: {_text(answers.limits_table)}}}
"""


def _dcs(answers: Answers) -> str:
    namespace = (
        f"    namespace: {_text(answers.namespace)}\n"
        if answers.namespace
        else f"    # {FILL}: namespace: the URI that the server gives its points (not the index)\n"
    )
    return f"""  - name: DCS
    title: {{en: Distributed control system, zh: 分散控制系统}}
    protocol: opcua
    endpoint: {_text(answers.opcua)}
{namespace}{_secured(answers)}    heartbeat: {answers.heartbeat}   # a point that changes while the source is alive
    consequence: {{en: Process values are not seen, zh: 过程数据不可见}}
    action: {{en: Work from the DCS consoles; restore the link, zh: 以DCS操作站为准；恢复通信}}
"""


def _secured(answers: Answers) -> str:
    login = ", ".join(f"{key}: {_text(value)}" for key, value in answers.login)
    lines = [f"    {key}: {_text(value)}\n" for key, value in answers.security]
    return "".join([*lines, f"    credentials: {{{login}}}\n" if login else ""])


def _sis(answers: Answers) -> str:
    return f"""  - name: SIS
    title: {{en: Safety instrumented system, zh: 安全仪表系统}}
    protocol: modbus
    endpoint: {_text(answers.modbus)}
    heartbeat: WD-SIS
    consequence:
      en: Trips and bypasses are not seen; the SIS itself goes on protecting
      zh: 联锁与旁路不可见；SIS本身仍在保护
    action: {{en: Check the SIS console; restore the link, zh: 在SIS操作站核对；恢复通信}}
"""


def _dcs_point(answers: Answers) -> str:
    return f"""  # the clock of the OPC UA server itself: every server has it
  - {{name: {answers.heartbeat}, unit: {_text(answers.unit)}, source: DCS, kind: count, eu: s,
     range: [0, 4294967296], resolution: 1, title: {{en: DCS server clock, zh: DCS服务器时钟}},
     opcua: {{node: {CURRENT_TIME}, namespace: "{UA_NAMESPACE}"}}}}
"""


def _sis_point(answers: Answers) -> str:
    return f"""  # {FILL}: the address of the watchdog counter of the SIS; 0 stands for it
  - {{name: WD-SIS, unit: {_text(answers.unit)}, source: SIS, kind: count, range: [0, 65535], resolution: 1,
     title: {{en: SIS watchdog, zh: SIS看门狗}}, modbus: {{table: input, address: 0, type: uint16}}}}
"""


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)


def _both(words: str) -> str:
    return f"{{en: {_text(words)}, zh: {_text(words)}}}"

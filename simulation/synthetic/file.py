"""A plant file of any size from a seed: units, control and safety systems, alarms, safety functions.

Points and alarms go into CSV tables beside the file, as a person would keep so many. Names, ranges, limits and
set points come from the seed; the shares of kinds are those of the demo plant, roughly.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plantsafe.errors import SimulationError
from plantsafe.plant.table_file import ALARM_COLUMNS, POINT_COLUMNS

FEWEST, MOST = 30, 200_000
MOST_SERVED = 10_000  # points that the OPC UA server is made for; a larger plant has in-process sources only
POINTS_A_UNIT = 100  # site default
POINTS_A_SYSTEM = 25_000  # points of one control system; a larger plant has several
POINTS_A_FUNCTION = 500  # the demo plant has one in twenty; large plants have fewer
CHANNELS, ELEMENTS = 3, 2
STATE_SHARE = 0.25  # of the control system's points, site default
ALARMS_A_POINT = 0.6  # share of the control system's analog points that have an alarm, site default
STEPS = 4_000  # of an instrument's range: 12 bit


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an analog point may be: letters of its name, words, unit of measure and the ends of its range."""

    letters: str
    title_en: str
    title_zh: str
    eu: str
    low: float
    high: float


KINDS = (
    Kind(letters="TI", title_en="temperature", title_zh="温度", eu="°C", low=0.0, high=200.0),
    Kind(letters="PI", title_en="pressure", title_zh="压力", eu="kPa", low=0.0, high=1_000.0),
    Kind(letters="FI", title_en="flow", title_zh="流量", eu="kg/h", low=0.0, high=5_000.0),
    Kind(letters="LI", title_en="level", title_zh="液位", eu="%", low=0.0, high=100.0),
    Kind(letters="II", title_en="current", title_zh="电流", eu="A", low=0.0, high=60.0),
)
LINES = {
    "en": ("The product of this unit is lost", "Lower the feed and call the shift leader"),
    "zh": ("本单元产品报废", "降低进料并通知值班长"),
}
HEAD = """schema: 1
author: generator
site: {{name: {site}, title: {{en: "Synthetic plant of {points} points", zh: "{points}点合成装置"}}}}
workshops: [{{name: W1, title: {{en: Workshop, zh: 车间}}, head_count_max: 9}}]
units:
{units}
sources:
{sources}
points: {{table: points.csv}}
alarms: {{table: alarms.csv}}
functions:
{functions}
"""
SOURCE = """  - {{name: {name}, title: {{en: {en}, zh: {zh}}}, protocol: {protocol}, endpoint: "{endpoint}",
     heartbeat: HB-{name},{namespace}
     consequence: {{en: Its values are not seen, zh: 数据不可见}}, action: {{en: Restore the link, zh: 恢复通信}}}}"""
FUNCTION = """  - name: {name}
    title: {{en: "{name}: {point} high stops the unit", zh: "{name}：{point}高联锁停车"}}
    unit: {unit}
    inputs: [{inputs}]
    direction: H
    setpoint: {setpoint:g}
    vote: 2
    on_fault: vote_trip
    on_bypass: remove
    tripped: {name}.TRIP
    elements: [{elements}]
    element_vote: {votes}
    response_s: 30
    sil: 1
    rrf: 20
    consequence: {{en: "{consequence_en}", zh: "{consequence_zh}"}}
    action: {{en: "{action_en}", zh: "{action_zh}"}}"""

Row = dict[str, str | int | float]


def write_plant(
    folder: Path,
    *,
    points: int,
    seed: int,
    site: str = "synthetic",
    alarms_a_point: float = ALARMS_A_POINT,
    state_share: float = STATE_SHARE,
) -> Path:
    """Write a plant of exactly so many points; the same seed writes the same bytes. Returns the plant file's path."""
    if not FEWEST <= points <= MOST:
        raise SimulationError(
            f"a synthetic plant of {points} points is not made", mend=f"ask for {FEWEST} to {MOST} points"
        )
    folder.mkdir(parents=True, exist_ok=True)
    plan = _Plan(points, np.random.default_rng(seed), alarms_a_point, state_share)
    _table(folder / "points.csv", POINT_COLUMNS, plan.points())
    _table(folder / "alarms.csv", ALARM_COLUMNS, plan.alarms())
    path = folder / "plant.yaml"
    path.write_text(plan.file(site), encoding="utf-8")
    return path


def write_fleet(folder: Path, *, plants: int, points: int, seed: int) -> tuple[Path, ...]:
    """Several plants, each in a folder of its own, none like the other; returns their files."""
    if plants < 1:
        raise SimulationError(f"a fleet of {plants} plants is none", mend="ask for at least one")
    width = len(str(plants))
    names = [f"plant-{number:0{width}d}" for number in range(1, plants + 1)]
    seeds = np.random.SeedSequence(seed).generate_state(plants).tolist()
    return tuple(
        write_plant(folder / name, points=points, seed=own, site=name) for name, own in zip(names, seeds, strict=True)
    )


def _table(path: Path, columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


class _Plan:
    """Everything drawn, before anything is written."""

    def __init__(self, points: int, rng: np.random.Generator, alarms_a_point: float, state_share: float) -> None:
        self.n = points
        self.units = max(1, points // POINTS_A_UNIT)
        self.functions = max(1, points // POINTS_A_FUNCTION)
        safety = 1 + self.functions * (3 * CHANNELS + 1 + ELEMENTS)
        self.systems = max(1, -(-(points - safety) // POINTS_A_SYSTEM))
        own = points - safety - self.systems  # points of the control systems, without their heartbeats
        self.state = rng.random(own) < state_share
        self.kind = rng.integers(0, len(KINDS), own)
        self.high_share = np.round(rng.uniform(0.75, 0.95, own), 3)
        self.low_share = np.round(rng.uniform(0.05, 0.2, own), 3)
        self.has_alarm = ~self.state & (rng.random(own) < alarms_a_point)
        self.has_low = self.has_alarm & (rng.random(own) < 0.4)
        self.priority = rng.integers(1, 5, own)
        self.setpoint_share = np.round(rng.uniform(0.85, 0.95, self.functions), 3)

    def _unit(self, share: float) -> str:
        return f"U{int(share * self.units) + 1:04d}"

    def _own(self) -> Iterator[tuple[int, str, str, str]]:
        """Number, name, unit and source of each point of a control system."""
        total = len(self.state)
        for i, (state, kind) in enumerate(zip(self.state.tolist(), self.kind.tolist(), strict=True)):
            letters = "XS" if state else KINDS[kind].letters
            yield i, f"{letters}-{i + 1:06d}", self._unit(i / total), f"DCS{i * self.systems // total + 1}"

    def points(self) -> Iterator[Row]:
        """Rows of the table of points: control systems first, then the safety system."""
        for number in range(1, self.systems + 1):
            yield _point(f"HB-DCS{number}", "U0001", f"DCS{number}", "Heartbeat", "心跳", "count") | {
                "opcua.node": f"s=HB-DCS{number}", "range.low": 0, "range.high": 65_535, "resolution": 1,
            }  # fmt: skip
        for i, name, unit, source in self._own():
            if self.state[i]:
                row = _point(name, unit, source, f"Valve {i + 1}", f"阀门{i + 1}", "state") | _switch(
                    "closed|关", "open|开"
                )
            else:
                kind = KINDS[int(self.kind[i])]
                row = _point(name, unit, source, f"{kind.title_en} {i + 1}", f"{kind.title_zh}{i + 1}", "analog")
                row |= {
                    "eu": kind.eu, "range.low": kind.low, "range.high": kind.high,
                    "resolution": (kind.high - kind.low) / STEPS,
                }  # fmt: skip
            yield row | {"opcua.node": f"s={name}"}
        yield from self._safety_points()

    def _safety_points(self) -> Iterator[Row]:
        register = bit = 0
        for f in range(1, self.functions + 1):
            unit = self._unit((f - 1) / self.functions)
            for point in _channels(f):
                yield _point(point, unit, "SIS", "Temperature, safety channel", "联锁温度", "analog") | {
                    "eu": "°C", "range.low": 0.0, "range.high": 200.0, "resolution": 0.05, "modbus.table": "input",
                    "modbus.address": register, "modbus.type": "float32",
                }  # fmt: skip
                register += 2
            bits = [f"{point}.{kind}" for point in _channels(f) for kind in ("BYP", "FLT")]
            for name in (*bits, f"SIF-{f:04d}.TRIP", *(f"{element}.ZSC" for element in _elements(f))):
                row = _point(name, unit, "SIS", "Safety system bit", "安全系统状态位", "state")
                yield row | _switch("off|否", "on|是") | {
                    "modbus.table": "discrete", "modbus.address": bit, "modbus.type": "bool",
                }  # fmt: skip
                bit += 1
        yield _point("HB-SIS", "U0001", "SIS", "Watchdog", "看门狗", "count") | {
            "range.low": 0, "range.high": 65_535, "resolution": 1, "modbus.table": "input", "modbus.address": register,
            "modbus.type": "uint16",
        }  # fmt: skip

    def alarms(self) -> Iterator[Row]:
        """Rows of the table of alarms."""
        words: Row = {
            f"{field}.{tongue}": lines[k]
            for tongue, lines in LINES.items()
            for k, field in enumerate(("consequence", "action"))
        }
        for i, name, _, _ in self._own():
            if not self.has_alarm[i]:
                continue
            kind = KINDS[int(self.kind[i])]
            span = kind.high - kind.low
            for direction, share, wanted in (
                ("H", self.high_share[i], True),
                ("L", self.low_share[i], self.has_low[i]),
            ):
                if wanted:
                    row: Row = {
                        "name": f"{name}.{direction}", "point": name, "direction": direction,
                        "limit": round(kind.low + float(share) * span, 6), "deadband": 0.01 * span, "on_delay_s": 5,
                        "priority": int(self.priority[i]), "class": "process", "respond_min": 10,
                    }  # fmt: skip
                    yield row | words

    def file(self, site: str) -> str:
        """The plant file itself."""
        units = "\n".join(
            f"  - {{name: U{u:04d}, title: {{en: Unit {u}, zh: 单元{u}}}, workshop: W1, process: utility}}"
            for u in range(1, self.units + 1)
        )
        systems = [
            SOURCE.format(
                namespace=" namespace: urn:plantsafe:simulation,", name=f"DCS{s}",
                en=f"Control system {s}", zh=f"控制系统{s}", protocol="opcua",
                endpoint=f"opc.tcp://127.0.0.1:{4840 + s - 1}",
            )
            for s in range(1, self.systems + 1)
        ]  # fmt: skip
        sis = SOURCE.format(
            namespace="",
            name="SIS",
            en="Safety system",
            zh="安全系统",
            protocol="modbus",
            endpoint="tcp://127.0.0.1:5020",
        )
        functions = [self._function(f) for f in range(1, self.functions + 1)]
        return HEAD.format(
            site=site, points=self.n, units=units, sources="\n".join([*systems, sis]), functions="\n".join(functions)
        )

    def _function(self, f: int) -> str:
        name, points, elements = f"SIF-{f:04d}", _channels(f), _elements(f)
        return FUNCTION.format(
            name=name,
            point=points[0],
            unit=self._unit((f - 1) / self.functions),
            inputs=", ".join(f"{{point: {p}, bypass: {p}.BYP, fault: {p}.FLT}}" for p in points),
            setpoint=200.0 * float(self.setpoint_share[f - 1]),
            elements=", ".join(f"{{name: {e}, feedback: {e}.ZSC, safe_value: 1}}" for e in elements),
            votes=ELEMENTS,
            consequence_en=LINES["en"][0],
            consequence_zh=LINES["zh"][0],
            action_en=LINES["en"][1],
            action_zh=LINES["zh"][1],
        )


def _channels(f: int) -> tuple[str, ...]:
    return tuple(f"TT-{f:04d}{letter}" for letter in "ABC"[:CHANNELS])


def _elements(f: int) -> tuple[str, ...]:
    return tuple(f"XV-{f:04d}{letter}" for letter in "AB"[:ELEMENTS])


def _point(name: str, unit: str, source: str, en: str, zh: str, kind: str) -> Row:
    return {"name": name, "title.en": en, "title.zh": zh, "unit": unit, "source": source, "kind": kind}


def _switch(off: str, on: str) -> Row:
    return {"range.low": 0, "range.high": 1, "resolution": 1, "states": f"0={off}; 1={on}"}

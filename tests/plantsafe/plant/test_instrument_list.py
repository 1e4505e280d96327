"""A stranger's instrument list: every good point right, every seeded mess reported at its row."""

import csv
import datetime
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles import Font
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.errors import PlantsafeError, RequestError, StoreError
from plantsafe.plant import load_plant
from plantsafe.plant.instrument_list import Imported, ImportSettings, import_list
from plantsafe.plant.instrument_report import limits_table, points_table, report_text
from plantsafe.plant.instrument_unit import SPELLED, read_unit
from plantsafe.plant.rules.measure import _registry, dimension

N_POINTS = 2000
Row = dict[str, Any]

KINDS: list[tuple[str, str, str, str, float, float]] = [
    ("TI", "温度", "temperature", "°C", 0, 150),
    ("TI", "塔釜温度", "bottom temperature", "°C", -20, 200),
    ("PI", "压力", "pressure", "kPa", -10, 600),
    ("PI", "蒸汽压力", "steam pressure", "MPa", 0, 1.6),
    ("PI", "油压", "oil pressure", "bar", 0, 10),
    ("PI", "泵出口压力", "pump discharge pressure", "kgf/cm²", 0, 16),
    ("FI", "冷却水流量", "cooling water flow", "m³/h", 0, 20),
    ("FI", "氮气流量", "nitrogen flow", "Nm³/h", 0, 500),
    ("FI", "蒸汽流量", "steam flow", "t/h", 0, 12),
    ("SI", "搅拌转速", "agitator speed", "rpm", 0, 200),
    ("LI", "液位", "level", "%", 0, 100),
    ("AI", "酸度", "acidity", "pH", 0, 14),
]
SPELLINGS = {
    "°C": ["°C", "℃", "° C", "degC", "ºC", " ℃ "],
    "kPa": ["kPa", "KPa", "ｋＰａ", "㎪"],
    "MPa": ["MPa", "Mpa", "MPA"],
    "bar": ["bar", "Bar", "BAR"],
    "kgf/cm²": ["kgf/cm2", "kgf/cm²", "Kgf/cm^2", "公斤力/平方厘米"],
    "m³/h": ["m3/h", "m³/h", "㎥/h", "M3/H", "m3/hr"],
    "Nm³/h": ["Nm³/h", "Nm3/h", "NM3/H"],
    "t/h": ["t/h", "吨/小时"],
    "rpm": ["r/min", "rpm", "RPM", "转/分"],
    "%": ["%", "％"],
    "pH": ["pH", "PH"],
}


@dataclass
class Truth:
    """What the list was made from."""

    points: dict[str, tuple[str, float, float, str]] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    mess: list[tuple[str, int, str, str]] = field(default_factory=list)  # sheet, row, kind of remark, field
    left_out: set[tuple[str, int]] = field(default_factory=set)


def _good_row(i: int, rng: random.Random) -> Row:
    letters, zh, en, eu, low, high = KINDS[rng.randrange(len(KINDS))]
    name = f"{letters}-{1000 + i}"
    row: Row = {"name": name, "zh": zh, "en": en, "eu": eu, "low": low, "high": high, "node": f"ns=2;s=R101.{name}.PV"}
    if rng.random() < 0.4:
        span = high - low
        row |= {"H": round(low + 0.8 * span, 3), "HH": round(low + 0.9 * span, 3)}
        if rng.random() < 0.5:
            row |= {"L": round(low + 0.2 * span, 3), "LL": round(low + 0.1 * span, 3)}
    return row


# each mess changes the row as written; it says the kind of remark, the column, and what becomes of the truth
Mess = Callable[[Row], tuple[str, str, str]]


def _mess(kind: str, column: str, after: str, **cells: Any) -> Mess:
    def apply(row: Row) -> tuple[str, str, str]:
        for key, value in cells.items():
            row[key] = value(row) if callable(value) else value
        return kind, column, after

    return apply


def _to_k(row: Row) -> tuple[str, str, str]:
    low, high = 20.0, 180.0
    row |= {"eu": "K", "low": 293.15, "high": 453.15, "H": 423.15, "HH": 443.15, "truth": ("°C", low, high)}
    row["truth_limits"] = {"H": 150.0, "HH": 170.0}
    row.pop("L", None), row.pop("LL", None)
    return "changed", "eu", "converted"


MESSES: list[Mess] = [
    _to_k,
    _mess("left out", "eu", "gone", eu=""),
    _mess("left out", "eu", "gone", eu="公斤/方"),
    _mess("left out", "eu", "gone", eu="mpa"),
    _mess("left out", "name", "gone", name=""),
    _mess("left out", "name", "gone", name=lambda row: f"{row['name']}A/B"),
    _mess("left out", "name", "gone", name=lambda row: f"{row['name']}（备用）"),
    _mess("left out", "high", "gone", high=None),
    _mess("left out", "low", "gone", low=900, high=100),
    _mess("left out", "high", "gone", high="150左右~"),
    _mess("left out", "low", "gone", low=datetime.datetime(2025, 1, 6)),  # as a spreadsheet has it
    _mess("left out", "high", "gone", high="#REF!"),
    _mess("left out", "high", "gone", high="1,5"),
    _mess("left out", "node", "gone", node=None),
    _mess("left out", "eu", "gone", eu="K", low=0, high=150),
    _mess("limit left out", "HH", "no limits", low=0, high=100, H=50, HH=400, L=None, LL=None, keep=("H",)),
    _mess("limit left out", "H", "no limits", low=0, high=100, H=90, HH=80, L=None, LL=None, keep=()),
    _mess("limit left out", "HH", "no limits", low=0, high=100, H=None, HH="待定", L=None, LL=None, keep=()),
    _mess("respelled", "name", "same", name=lambda row: f"  {row['name']} "),
    _mess("respelled", "name", "same", name=lambda row: row["name"].replace("-", "－").replace("I", "Ｉ")),
    _mess("respelled", "name", "same", name=lambda row: row["name"].replace("-", " - ")),
    _mess("respelled", "high", "same", high=lambda row: f" {row['high']} "),
    _mess("respelled", "low", "same", low=lambda row: str(row["low"]).replace("-", "－")),
    _mess("changed", "title", "same", zh="", en=""),
]


def _make_list(path: Path) -> Truth:
    rng = random.Random(20)
    truth = Truth()
    book = openpyxl.Workbook()
    _sheet(book.active, "DCS点表", range(1200), rng, truth, _chinese_header, _chinese_row)
    _sheet(book.create_sheet(), "Utilities", range(1200, N_POINTS), rng, truth, _english_header, _english_row)
    book.create_sheet("说明").append(["本表由自控专业编制"])
    book.save(path)
    return truth


def _chinese_header(page: Any) -> None:
    page.append(["R101硝化装置仪表清单"])
    page.merge_cells("A1:N1")
    page.append([])
    page.append(["编制：张三", None, None, "日期：2025-05-01"])
    page.append(["序号", "位号\nTag No.", "名称/描述", "单元/装置", "单位", "量程", None, "报警", None, None, None,
                 "信号类型", "OPC 点名", "备注"])  # fmt: skip
    page.append([None, None, None, None, None, "下限", "上限", "高高", "高", "低", "低低"])
    page.merge_cells("F4:G4")
    page.merge_cells("H4:K4")
    for column in "ABCDELMN":
        page.merge_cells(f"{column}4:{column}5")


def _chinese_row(i: int, row: Row) -> list[Any]:
    return [i, row["name"], row["zh"], "R101", row["eu"], row["low"], row["high"], row.get("HH"), row.get("H"),
            row.get("L"), row.get("LL", "/"), "AI 4-20mA", row["node"], None]  # fmt: skip


def _english_header(page: Any) -> None:
    page.append(["Instrument list, utilities (rev. C)"])
    page.append(["NodeId", "Range", "Unit", "Service", "Tag Name", "LoLo", "Lo Alarm", "Hi Alarm", "HiHi", "Area",
                 "Range high", "Range low"])  # fmt: skip


def _english_row(_: int, row: Row) -> list[Any]:
    one = f"{row['low']:g}～{row['high']:g}" if row.get("one cell") else None
    ends = [None, None] if one else [row["high"], row["low"]]
    words = f"{row['zh']} / {row['en']}" if row["zh"] else ""
    return [row["node"], one, row["eu"], words, row["name"], row.get("LL"), row.get("L"), row.get("H"), row.get("HH"),
            "公用工程", *ends]  # fmt: skip


def _sheet(page: Any, title: str, numbers: range, rng: random.Random, truth: Truth, header: Any, cells: Any) -> None:
    page.title = title
    header(page)
    columns = len(cells(0, _good_row(0, random.Random(0))))

    def put(row: Row) -> int:
        page.append(cells(page.max_row, row))
        return int(page.max_row)

    for i in numbers:
        if i % 97 == 0:
            page.append([" "] * 3)
        if i % 150 == 0:
            page.append([f"第{i}组 现场仪表"])
            page.merge_cells(start_row=page.max_row, end_row=page.max_row, start_column=1, end_column=columns)
            truth.mess.append((title, page.max_row, "no point", "name"))
        row = _good_row(i, rng)
        name, eu, low, high, node = row["name"], row["eu"], row["low"], row["high"], f"s=R101.{row['name']}.PV"
        row["eu"] = rng.choice(SPELLINGS[eu])
        if i % 16 == 3:
            kind, column, after = MESSES[(i // 16) % len(MESSES)](row)
            number = put(row)
            truth.mess.append((title, number, kind, column))
            if after == "gone":
                truth.left_out.add((title, number))
                continue
            eu, low, high = row.get("truth", (eu, low, high)) if after == "converted" else (eu, low, high)
            if after == "no limits":
                low, high = row["low"], row["high"]
                row = {level: row[level] for level in row["keep"]}
            if after == "converted":
                row = row["truth_limits"]
        elif i % 50 == 7:  # the same tag twice, with another range: nobody knows which is right
            for again in (row, {**row, "high": row["high"] * 2, "node": row["node"] + "2"}):
                number = put(again)
                truth.mess.append((title, number, "left out", "name"))
                truth.left_out.add((title, number))
            continue
        elif i % 50 == 9:  # the same row once more
            put(row)
            number = put(row)
            truth.mess.append((title, number, "left out", "name"))
            truth.left_out.add((title, number))
        elif i % 50 == 11 and title == "Utilities":
            row["one cell"] = True
            truth.mess.append((title, put(row), "respelled", "range"))
        elif i % 200 == 21:
            number = put(row)
            page.cell(number, 2 if title == "DCS点表" else 5).font = Font(strike=True)
            truth.mess.append((title, number, "left out", "name"))
            truth.left_out.add((title, number))
            continue
        else:
            number = put(row)
        truth.points[name] = (eu, float(low), float(high), node)
        truth.limits |= {
            f"{name}.{level}": row[level] for level in ("HH", "H", "L", "LL") if row.get(level) is not None
        }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Imported, Truth]:
    path = tmp_path_factory.mktemp("list") / "仪表清单.xlsx"
    truth = _make_list(path)
    return import_list(path, ImportSettings(source="DCS", unit="R101", units={"公用工程": "CW501"})), truth


def test_every_good_point_of_the_list_is_right(made: tuple[Imported, Truth]) -> None:
    imported, truth = made
    assert len(truth.points) > 1850
    got = {point.name: (point.eu, *point.range, point.opcua.node if point.opcua else "") for point in imported.points}
    assert got.keys() == truth.points.keys()
    for name, (eu, low, high, node) in truth.points.items():
        assert got[name] == (eu, pytest.approx(low), pytest.approx(high), node), name
    assert {point.unit for point in imported.points} == {"R101", "CW501"}
    assert {point.source for point in imported.points} == {"DCS"}


def test_every_good_limit_of_the_list_is_right(made: tuple[Imported, Truth]) -> None:
    imported, truth = made
    assert {limit.name: pytest.approx(limit.limit) for limit in imported.limits} == truth.limits
    assert len(truth.limits) > 1500


def test_every_seeded_mess_is_reported_at_its_row_and_column(made: tuple[Imported, Truth]) -> None:
    imported, truth = made
    assert len(truth.mess) > 200
    reported = {(remark.sheet, remark.row, remark.kind, remark.field) for remark in imported.remarks}
    assert [mess for mess in truth.mess if mess not in reported] == []


def test_no_row_is_left_out_without_need_and_each_says_what_would_mend_it(made: tuple[Imported, Truth]) -> None:
    imported, truth = made
    assert imported.rows_with("left out") == truth.left_out
    assert all(remark.mend for remark in imported.remarks if remark.kind in ("left out", "limit left out"))
    assert imported.rows == len(imported.points) + len(truth.left_out) + len(imported.rows_with("no point"))


def test_the_report_names_each_left_out_row_with_its_place(made: tuple[Imported, Truth]) -> None:
    imported, truth = made
    report = report_text(imported)
    assert all(f"  {sheet}:{row}:" in report for sheet, row in truth.left_out)
    assert f"{len(imported.points):6} points taken" in report
    assert f"{len(truth.left_out):6} rows left out" in report
    assert "DCS点表: 备注" in report
    assert "converted from K to °C: range 20 to 180, HH 170, H 150" in report.replace("H 150, HH 170", "HH 170, H 150")


PLANT = """schema: 1
author: test
site: {name: t, title: {en: T, zh: T}}
workshops: [{name: W, title: {en: W, zh: W}, head_count_max: 9}]
units:
  - {name: R101, title: {en: R, zh: R}, workshop: W, process: utility}
  - {name: CW501, title: {en: C, zh: C}, workshop: W, process: utility}
sources:
  - name: DCS
    title: {en: D, zh: D}
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    namespace: urn:x
    heartbeat: %s
    consequence: {en: c, zh: c}
    action: {en: a, zh: a}
points: {table: points.csv}
"""


def test_the_written_table_is_taken_by_the_plant_file(made: tuple[Imported, Truth], tmp_path: Path) -> None:
    imported, _ = made
    (tmp_path / "points.csv").write_text(points_table(imported.points), encoding="utf-8")
    plant = tmp_path / "plant.yaml"
    plant.write_text(PLANT % imported.points[0].name, encoding="utf-8")
    assert load_plant(plant).file.points == imported.points


def test_limits_are_written_as_alarms_to_be_rationalised(made: tuple[Imported, Truth]) -> None:
    imported, _ = made
    lines = limits_table(imported).splitlines()
    assert lines[0].startswith("name,point,direction,limit,deadband")
    assert len(lines) == len(imported.limits) + 1


def _import(tmp_path: Path, text: str, encoding: str = "utf-8", **settings: Any) -> Imported:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return import_list(path, ImportSettings(**{"source": "SIS", "unit": "R101", **settings}))


def test_a_modbus_list_in_gb18030_gives_registers_counted_from_zero(tmp_path: Path) -> None:
    imported = _import(
        tmp_path,
        "位号,描述,单位,测量范围,信号类型,Modbus 地址,数据类型,字节序,站号\n"
        "TT-101A,釜温,℃,0~150,AI,40001,REAL,CDAB,2\n"
        "PT-101,压力,kPa,-100-600kPa,AI,30011,INT,,1\n"
        "XV-101.ZSC,阀关到位,,,DI,10005,,,\n"
        "XV-102.ZSC,阀关到位,,,DI,40020.3,,,\n"
        "FT-101,流量,m3/h,0~20,AI,40030,,,\n"
        "FT-102,流量,m3/h,0~20,AI,12,REAL,ABCD,\n",
        "gb18030",
    )
    registers = {point.name: point.modbus for point in imported.points}
    assert set(registers) == {"TT-101A", "PT-101", "XV-101.ZSC", "XV-102.ZSC"}
    places = {name: (r.table, r.address, r.type, r.bit, r.word_order, r.device) for name, r in registers.items() if r}
    assert places["TT-101A"] == ("holding", 0, "float32", None, "little", 2)
    assert places["PT-101"] == ("input", 10, "int16", None, "big", 1)
    assert places["XV-101.ZSC"] == ("discrete", 4, "bool", None, "big", 1)
    assert places["XV-102.ZSC"] == ("holding", 19, "uint16", 3, "big", 1)
    assert {(r.row, r.field) for r in imported.remarks if r.kind == "left out"} == {(6, "type"), (7, "register")}
    assert any("GB 18030" in remark.said for remark in imported.remarks)
    assert [point.kind for point in imported.points] == ["analog", "analog", "state", "state"]


@pytest.mark.parametrize(("cells", "speaks"), [(("40001", "4x0003"), "modbus"), (("s=R101.TI", "R101.TT"), "opcua")])
def test_a_column_called_address_alone_is_one_and_its_cells_say_of_what(
    tmp_path: Path, cells: tuple[str, str], speaks: str
) -> None:
    rows = "".join(f"TT-10{i},釜温,℃,0~150,AI,{cell},REAL,ABCD\n" for i, cell in enumerate(cells))
    imported = _import(tmp_path, f"位号,描述,单位,量程,信号类型,地址,数据类型,字节序\n{rows}", "gbk")
    assert len(imported.points) == 2
    assert all(getattr(point, speaks) is not None for point in imported.points)


def test_an_address_beside_an_opc_node_is_left_unused(tmp_path: Path) -> None:
    imported = _import(tmp_path, "位号,描述,单位,量程,信号类型,OPC地址,地址\nTT-101,釜温,℃,0~150,AI,s=R101.TI,柜3\n")
    assert [point.opcua.node for point in imported.points if point.opcua] == ["s=R101.TI"]
    assert any("地址" in heading for heading in imported.unused)


def test_a_difference_of_temperatures_stays_in_kelvin(tmp_path: Path) -> None:
    imported = _import(tmp_path, "Tag,Description,EU,Range,OPC\nTDI-1,temperature difference,K,0~50,a\n")
    assert [(point.eu, point.range) for point in imported.points] == [("K", (0.0, 50.0))]
    assert imported.rows_with("note") == {("list", 2)}


def test_all_reasons_of_a_row_are_told_at_once(tmp_path: Path) -> None:
    imported = _import(tmp_path, "Tag,EU,Range,OPC,Area\nTI 1?,furlong,150~0,,硝化\n")
    assert {remark.field for remark in imported.remarks if remark.kind == "left out"} == {
        "name", "eu", "range", "node", "unit"
    }  # fmt: skip


def test_two_addresses_ask_which_one_is_meant(tmp_path: Path) -> None:
    text = "Tag,EU,Range,OPC,Modbus,Data type\nTI-1,°C,0~150,TI-1.PV,40001,REAL\n"
    assert _import(tmp_path, text).points == ()
    assert _import(tmp_path, text, protocol="opcua").points[0].opcua is not None
    assert _import(tmp_path, text, protocol="modbus").points[0].modbus is not None


def test_limits_in_one_cell_and_in_their_own_unit(tmp_path: Path) -> None:
    imported = _import(tmp_path, "位号;单位;量程;报警值;OPC\nTI-1;℃;0~150;HH:90℃ H:85;a\nPI-1;kPa;0~600;H:0.5MPa;b\n")
    assert [(limit.name, limit.limit) for limit in imported.limits] == [("TI-1.HH", 90.0), ("TI-1.H", 85.0)]
    assert imported.rows_with("limit left out") == {("list", 3)}


def test_nodes_by_pattern_and_namespaces_by_uri(tmp_path: Path) -> None:
    imported = _import(tmp_path, "Tag,EU,Range\nTI-1,°C,0~150\n", node_pattern="s=Unit.{name}.PV")
    assert imported.points[0].opcua is not None
    assert imported.points[0].opcua.node == "s=Unit.TI-1.PV"
    imported = _import(tmp_path, "Tag,EU,Range,OPC\nTI-1,°C,0~150,ns=3;s=x\n", namespaces={3: "urn:dcs"})
    assert imported.points[0].opcua is not None
    assert imported.points[0].opcua.namespace == "urn:dcs"


def test_two_namespace_indices_are_not_taken_for_one(tmp_path: Path) -> None:
    text = "Tag,EU,Range,OPC\nTI-1,°C,0~150,ns=2;s=a\nTI-2,°C,0~150,ns=3;s=b\nTI-3,°C,0~150,c\n"
    imported = _import(tmp_path, text)
    assert [point.name for point in imported.points] == ["TI-3"]
    assert imported.rows_with("left out") == {("list", 2), ("list", 3)}
    assert len(_import(tmp_path, text, namespaces={3: "urn:three"}).points) == 3


@pytest.mark.parametrize(
    ("written", "eu"),
    [
        ("℃", "°C"), ("° C", "°C"), ("ｋＰａ", "kPa"), ("KPA", "kPa"), ("kPaG", "kPa(g)"), ("MPa(A)", "MPa(a)"),
        ("mPa·s", "mPa·s"), ("Nm3/h", "Nm³/h"), ("NM3/H", "Nm³/h"), ("㎥/h", "m³/h"), ("转/分", "rpm"),
        ("％LEL", "%LEL"), ("kg/cm2", "kgf/cm²"), ("无量纲", ""),
        ("mpa", None), ("mPa", None), ("k", None), ("C", None), ("M", None), ("furlong", None), ("", None), ("-", None),
    ],
)  # fmt: skip
def test_a_unit_is_read_or_refused_and_never_assumed(written: str, eu: str | None) -> None:
    read = read_unit(written)
    assert (read.eu if read else None) == eu


def test_every_unit_that_is_written_is_one_that_check_knows() -> None:
    assert [eu for eu in SPELLED if dimension(eu) is None] == []


@pytest.mark.parametrize("written", ["mmH2O", "mmH₂O", "mm H2O", "毫米水柱"])
def test_millimetres_of_water_are_a_pressure(written: str) -> None:
    read = read_unit(written)
    assert read is not None
    assert (read.eu, dimension(read.eu), dimension("mmH₂O")) == ("mmH2O", dimension("Pa"), dimension("Pa"))
    assert _registry().Quantity(1.0, read.eu).to("Pa").magnitude == pytest.approx(9.80665)  # conventional, ISO 80000-4


def test_a_colloquial_unit_is_told_as_a_change(tmp_path: Path) -> None:
    imported = _import(tmp_path, "Tag,EU,Range,OPC\nPI-1,kg/cm2,0~16,a\n")
    assert [remark.said for remark in imported.remarks if remark.kind == "changed" and remark.field == "eu"] == [
        "taken for kgf/cm²"
    ]


def test_two_points_at_one_address_are_told(tmp_path: Path) -> None:
    imported = _import(tmp_path, "Tag,EU,Range,OPC\nTI-1,°C,0~150,a\nTI-2,°C,0~150,a\n")
    assert [remark.said for remark in imported.remarks if remark.kind == "note"] == ["the same address as TI-1"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("list.xls", b"x"), ("list.xlsx", b"not a zip"), ("list.csv", b"\xff\xfe\x00\x81"), ("list.csv", b"a,b\n1,2\n")],
)
def test_a_file_that_is_no_list_gets_one_message(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PlantsafeError, match="list"):
        import_list(path, ImportSettings(source="DCS"))


def test_a_file_that_is_not_there_gets_one_message(tmp_path: Path) -> None:
    with pytest.raises(PlantsafeError, match="cannot be read"):
        import_list(tmp_path / "none.xlsx", ImportSettings(source="DCS"))


def test_the_command_writes_points_limits_and_report_and_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Tag,Unit,Range,H,OPC,Area\nTI-1,℃,0~150,90,a,硝化\nTI-2,,0~150,90,b,硝化\n", encoding="utf-8")
    out, report, alarms = tmp_path / "points.csv", tmp_path / "report.txt", tmp_path / "alarms.csv"
    words = ["plant", "import", str(path), "--source", "DCS", "--unit-name", "硝化=R101", "--out", str(out),
             "--report", str(report), "--alarms", str(alarms)]  # fmt: skip
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "1 points into" in result.output
    assert "1 rows left out" in result.output
    assert out.read_text(encoding="utf-8-sig").splitlines() == [
        "name,title.en,title.zh,unit,source,eu,range.low,range.high,opcua.node",
        "TI-1,TI-1,TI-1,R101,DCS,°C,0,150,s=a",
    ]
    assert "list:3:B: TI-2: eu: has no unit of measure" in report.read_text(encoding="utf-8")
    assert "TI-1.H,TI-1,H,90" in alarms.read_text(encoding="utf-8-sig")
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, StoreError)
    assert CliRunner().invoke(app, [*words, "--force"]).exit_code == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--protocol", "hart"),
        ("--namespace", "two=urn:x"),
        ("--namespace", "2"),
        ("--unit-name", "硝化"),
        ("--node-pattern", "PV"),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path: Path, options: tuple[str, str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Tag,Unit,Range\nTI-1,℃,0~150\n", encoding="utf-8")
    files = ["--out", str(tmp_path / "points.csv"), "--report", str(tmp_path / "report.txt")]
    result = CliRunner().invoke(app, ["plant", "import", str(path), "--source", "DCS", *files, *options])
    assert isinstance(result.exception, RequestError)


CELLS = st.one_of(
    st.sampled_from(
        ["", "-", "TI-1", "0~150", "1,000", "±5", "K", "kPa", "40001", "4x1.3", "ns=2;s=a", "REAL", "HH:9 H:8", "#N/A"]
    ),
    st.text(alphabet="0123456789.-~+eE高低K℃°C/a;:= \t硝", max_size=8),
    st.text(max_size=6),
)


@given(rows=st.lists(st.lists(CELLS, min_size=12, max_size=12), max_size=4))
def test_no_cell_brings_the_import_down(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "list.csv"
    head = ["位号", "描述", "单位", "量程", "下限", "上限", "报警值", "高高报", "OPC", "Modbus", "数据类型", "信号类型"]
    text = io.StringIO()
    csv.writer(text).writerows([head, *rows])
    path.write_text(text.getvalue(), encoding="utf-8", errors="replace", newline="")
    imported = import_list(path, ImportSettings(source="DCS", unit="R101"))
    assert len(imported.points) + len(imported.rows_with("left out") | imported.rows_with("no point")) == imported.rows
    report_text(imported)
    points_table(imported.points)

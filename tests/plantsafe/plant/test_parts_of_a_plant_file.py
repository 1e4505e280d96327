"""A description of several files: included workshops, CSV and Excel tables, each mistake in its own file."""

import json
from pathlib import Path

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.errors import Mistake, PlantFileError
from plantsafe.plant import load_plant
from plantsafe.plant.load import check_plant, plant_of_document

WIDE = Path(__file__).with_name("wide.yaml").read_text(encoding="utf-8")
HEAD = "name,unit,source,kind,eu,title.en,title.zh,range.low,range.high,opcua.node,states"
ROWS = (
    "N1,R1,DCS,analog,kPa,Pressure,压力,0,1000,s=N1,",
    "N2,R1,DCS,state,,Valve,阀,0,1,s=N2,0=closed|关; 1=open|开",
)


def _plant(folder: Path, rows: tuple[str, ...] = ROWS, head: str = HEAD) -> Path:
    (folder / "points.csv").write_text("\n".join((head, *rows)) + "\n", encoding="utf-8-sig")
    path = folder / "plant.yaml"
    path.write_text(WIDE.replace("\nalarms:\n", "\n  - {table: points.csv}\nalarms:\n", 1), encoding="utf-8")
    return path


def _mistakes(path: Path) -> list[str]:
    with pytest.raises(PlantFileError) as caught:
        check_plant(path)
    return [f"{Path(one.file).name}:{one.line}:{one.column} {one.field}: {one.wrong}" for one in caught.value.mistakes]


def test_a_table_is_as_entries_in_the_file(tmp_path: Path) -> None:
    plant = check_plant(_plant(tmp_path))
    pressure, valve = plant.file.points[-2:]
    assert (pressure.name, pressure.range, pressure.eu, pressure.title.zh) == ("N1", (0.0, 1000.0), "kPa", "压力")
    assert valve.states[1].zh == "开"
    assert plant_of_document(plant.document()).hash == plant.hash


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
def test_a_table_as_a_chinese_spreadsheet_program_saves_it_is_read_and_said(tmp_path: Path, encoding: str) -> None:
    path = _plant(tmp_path)
    before = check_plant(path).hash
    text = (tmp_path / "points.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "points.csv").write_bytes(text.encode(encoding))
    hints: list[Mistake] = []
    assert check_plant(path, hints=hints).hash == before
    assert [(Path(hint.file).name, hint.rule) for hint in hints if "GB 18030" in hint.wrong] == [("points.csv", "hint")]


def test_a_mistake_in_a_table_is_told_at_row_and_column(tmp_path: Path) -> None:
    rows = (
        ROWS[0].replace("0,1000", "0,high"),
        ROWS[1].replace("R1,DCS", "R2,DCS"),
        "",
        "N1,R1,DCS,analog,kPb,a,b,0,1,s=N9,",
    )
    assert _mistakes(_plant(tmp_path, rows)) == [
        "points.csv:2:9 points.N1.range.1: Input should be a valid number, unable to parse string as a number",
        "points.csv:3:2 points.N2.unit: there is no unit 'R2'",
        "points.csv:5:1 points.N1.name: N1 is there already, at points.csv:2",
        "points.csv:5:5 points.N1.eu: 'kPb' is no unit of measure",
    ]


def test_an_unknown_column_and_a_cell_without_heading(tmp_path: Path) -> None:
    found = _mistakes(_plant(tmp_path, (ROWS[0] + ",more", ROWS[1]), HEAD.replace("kind", "kinds")))
    assert "points.csv:2:4 points.N1.kinds: is no field of this entry" in found
    assert "points.csv:2:12 cell: 'more' is under no heading" in found


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "has no column `name`"),
        (b"a,b\n1,2\n", "has no column `name`"),
        (b"name,name\nx,y\n", "is a column already"),
        (b"name\n\xff\xff", "is neither UTF-8 nor GB 18030"),
        (b'name\n"' + b"x" * 200_000, "cannot be read as a table"),
        (b"name\n\x00", "points"),
    ],
)
def test_a_table_that_is_none(tmp_path: Path, data: bytes, wrong: str) -> None:
    path = _plant(tmp_path)
    (tmp_path / "points.csv").write_bytes(data)
    assert any(wrong in mistake for mistake in _mistakes(path))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    path = _plant(tmp_path)
    (tmp_path / "points.csv").unlink()
    line = path.read_text(encoding="utf-8")[: path.read_text(encoding="utf-8").index("points.csv")].count("\n") + 1
    (found,) = _mistakes(path)
    assert found.startswith(f"plant.yaml:{line}:")
    assert found.endswith("points.csv is not there")
    (tmp_path / "points.csv").mkdir()
    assert _mistakes(path)[0].endswith("points.csv is no regular file")


def test_excel_reads_as_csv_does(tmp_path: Path) -> None:
    csv = load_plant(_plant(tmp_path))
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Points"
    for line in (HEAD, *ROWS):
        cells = line.split(",")
        sheet.append([float(cell) if cell.isdigit() else cell or None for cell in cells])
    book.save(tmp_path / "points.xlsx")
    path = tmp_path / "plant.yaml"
    text = path.read_text(encoding="utf-8").replace("table: points.csv", "table: points.xlsx, sheet: Points")
    path.write_text(text, encoding="utf-8")
    assert load_plant(path).hash == csv.hash
    path.write_text(text.replace("sheet: Points", "sheet: Pionts"), encoding="utf-8")
    assert any("there is no sheet 'Pionts'" in mistake for mistake in _mistakes(path))
    (tmp_path / "points.xlsx").write_bytes(b"no zip")
    path.write_text(text, encoding="utf-8")
    assert any("cannot be read as a table" in mistake for mistake in _mistakes(path))


def test_included_files_add_their_lists_and_keep_their_lines(tmp_path: Path) -> None:
    (tmp_path / "w3").mkdir()
    part = tmp_path / "w3" / "w3.yaml"
    part.write_text(
        "workshops:\n  - {name: W3, title: {en: Three, zh: 三}, head_count_max: 9}\n"
        "units:\n  - {name: U3, title: {en: U, zh: 元}, workshop: W3, process: utility}\n",
        encoding="utf-8",
    )
    path = tmp_path / "plant.yaml"
    path.write_text(WIDE + "include: [w3/w3.yaml]\n", encoding="utf-8")
    assert check_plant(path).file.units[-1].name == "U3"
    text = part.read_text(encoding="utf-8").replace("workshop: W3", "workshop: W7")
    part.write_text(text + "author: me\ninclude: [../plant.yaml, none.yaml]\n", encoding="utf-8")
    assert _mistakes(path) == [
        "w3.yaml:4:39 units.U3.workshop: there is no workshop 'W7'",
        "w3.yaml:5:1 author: belongs into the main file",
        "w3.yaml:6:11 include.0: ../plant.yaml is included already",
        "w3.yaml:6:26 include.1: none.yaml is not there",
    ]


def test_a_rule_of_the_country_stops_the_check_and_not_the_monitor(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text(WIDE.replace("head_count_max: 9\n", "head_count_max: 12\n", 1), encoding="utf-8")
    assert load_plant(path).file.workshops[0].head_count_max == 12
    assert _mistakes(path) == [
        "plant.yaml:9:5 workshops.W1.head_count_max: 12 persons; the rule allows 9 in an explosion-hazard workshop"
    ]


def test_json_and_sarif_hold_the_same_places(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text(WIDE.replace("    vote: 2\n", "    vote: 3\n").replace("limit: 8,", "limit: 80,"), encoding="utf-8")
    answers = [CliRunner().invoke(app, ["check", str(path), "--format", form]) for form in ("json", "sarif")]
    assert [answer.exit_code for answer in answers] == [1, 1]
    plain, sarif = (json.loads(answer.stdout) for answer in answers)
    run = sarif["runs"][0]
    assert sarif["version"] == "2.1.0"
    regions = [one["locations"][0]["physicalLocation"]["region"] for one in run["results"]]
    assert [(r["startLine"], r["startColumn"]) for r in regions] == [
        (m["line"], m["column"]) for m in plain["mistakes"]
    ]
    assert [run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] for one in run["results"]] == [
        mistake["rule"] for mistake in plain["mistakes"]
    ]
    good = tmp_path / "good.yaml"
    good.write_text(WIDE, encoding="utf-8")
    answer = CliRunner().invoke(app, ["check", str(good), "--format", "sarif"])
    assert (answer.exit_code, json.loads(answer.stdout)["runs"][0]["results"]) == (0, [])


def test_a_field_left_out_and_its_default_are_one_meaning(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text(WIDE, encoding="utf-8")
    before = load_plant(path).hash
    path.write_text(WIDE.replace("deadband: 1, priority", "deadband: 1, on_delay_s: 0, priority", 1), encoding="utf-8")
    assert load_plant(path).hash == before


def test_expressions_are_compiled_with_the_plant(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text(WIDE, encoding="utf-8")
    compiled = load_plant(path)
    assert compiled.expressions.alarms[0].points == ("XA", "FI")
    assert compiled.expressions.suppress[compiled.alarms.row["TI.H"]].points == ("XA",)
    assert list(compiled.expressions.resets) == [0]
    assert list(compiled.expressions.causes) == [2]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "a: &a {<<: *a}",
        "&x a: 1\n*x : 2",
        "? [a, b]\n: 1",
        "points: !!set {a, b}",
        "points: !!binary aGVsbG8=",
        "points: {1: 2}",
        "include: plant.yaml",
        "include: [.]",
        "include: [1, null, '']",
        "points: {table: [1]}",
        "points: {table: .}",
        "registers: 5",
        "site: []",
        "schema: 99999999999999999999999999999999",
        "scan_period_s: 1e400",
        "[" * 5000,
        "- " * 5000,
        "a: " + "9" * 10_000,
        "%YAML 1.1\n---\na: yes",
        "a: 1\n---\nb: 2",
        "a: \ud7ff\x07",
    ],
)
def test_odd_yaml_gives_mistakes_and_no_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text(text, encoding="utf-8")
    assert _mistakes(path)


def test_aliases_cannot_grow(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    path = tmp_path / "plant.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert any("aliases add over" in mistake for mistake in _mistakes(path))


def test_a_long_list_in_yaml_is_hinted_at_and_is_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plantsafe.plant.load.WRITTEN_OUT_MAX", 10)  # the demo needs no 5,000 entries for this
    path = _plant(tmp_path)
    said = CliRunner().invoke(app, ["check", str(path)])
    assert said.exit_code == 0
    assert "hint: 24 entries are written out in YAML" in said.output
    assert "points: {table: FILE.csv}" in said.output
    told = json.loads(CliRunner().invoke(app, ["check", "--format", "json", str(path)]).output)
    assert told["mistakes"] == []
    assert [hint["rule"] for hint in told["hints"]] == ["hint"]
    log = json.loads(CliRunner().invoke(app, ["check", "--format", "sarif", str(path)]).output)
    assert [result["level"] for result in log["runs"][0]["results"]] == ["note"]

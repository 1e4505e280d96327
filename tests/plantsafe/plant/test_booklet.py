"""The booklet of a plant file: everything that the file says, on paper and on screen, in both languages."""

import io
import re
import shutil
import string
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.errors import RequestError
from plantsafe.language import Language, of, texts_of
from plantsafe.plant import Plant, load_plant
from plantsafe.plant.booklet import booklet_of, render_html, render_pdf
from plantsafe.plant.booklet.document import Card, Cell, Facts, Matrix, Note, Table
from plantsafe.plant.booklet.phrase import PACKAGE, number
from plantsafe.plant.model import PlantFile, ProcessType
from plantsafe.plant.model.alarm import Rationalised
from plantsafe.plant.model.cause_effect import Cell as MatrixCell
from plantsafe.plant.model.function import Policy, Reliability, SafetyFunction
from plantsafe.plant.model.point import ModbusAddress
from plantsafe.plant.model.site import Person
from plantsafe.plant.model.source import SourceEntry
from plantsafe.plant.model.unit import Unit
from plantsafe.plant.tables import compile_plant
from plantsafe.request import Role
from plantsafe.typesetting import CJK_FAMILIES, font_families

DEMO = Path(__file__).parents[3] / "simulation" / "plants" / "demo.yaml"
MADE_NS = 1_780_000_900_000_000_000
LEFT_PT, RIGHT_PT, HIGH_PT = 14.5 * 72 / 25.4, 195.5 * 72 / 25.4, 297 * 72 / 25.4
LANGUAGES = get_args(Language)
LONG = "A-VERY-LONG.NAME_OF-A-POINT-AS-A-PACKAGE-SUPPLIER.WRITES-IT_IN-ITS.OWN-LIST"


def text(words: str) -> dict[str, str]:
    return {"en": f"{words} told", "zh": f"{words}说明"}


def with_everything(plant: Plant) -> Plant:
    """The demo plant with an entry of every kind that a plant file can hold."""
    file: dict[str, Any] = plant.file.model_dump(mode="json", by_alias=True)
    unit = next(one for one in file["units"] if one["name"] == "R101")
    unit["phase_point"] = "PH-101"
    unit["phases"] = [
        {"code": 3, "name": "dose", "title": text("dosing"), "max_duration_min": 250, "windows": [
            {"point": "TI-101", "low": 50, "normal_low": 60, "normal_high": 64, "high": 70}]},
        {"code": 4, "name": "react", "title": text("reacting"), "windows": [{"point": "TI-101", "high": 71}]},
    ]  # fmt: skip
    unit["sampled"] = {"product_impurity": "LAB-1"}
    unit["not_applicable"] = {"own_parameter": {"evidence": "HAZOP 7.3", "approved_by": "Wang"}}
    file["points"].append(
        file["points"][1] | {"name": LONG, "title": text("long"), "same_as": "TI-101", "fail_direction": "high"}
    )
    judged = {
        "on_delay_s": 3, "priority": 1, "class": "process", "consequence": text("harm"), "action": text("act"),
        "cause": text("cause"), "respond_min": 10, "suppress": '"PH-101" == 0', "first_out": "FO-1",
        "shelve_times_max": 2, "guidance_by_phase": {"dose": text("in dosing")},
    }  # fmt: skip
    file["expression_alarms"] = [
        {"name": "EX-1", "unit": "R101", "title": text("gap"), "expression": '"TI-101" - "TI-103" > 40'} | judged
    ]
    file["effects"] = [
        {"name": f"E-{i}", "title": text(f"effect {i}"), "unit": "R101", "elements": ["XV-101A"], "preconditions": [
            {"name": "AIR", "title": text("air"), "expression": '"PI-503" > 450'},
            {"name": "DISC", "title": text("disc"), "register_entry": "PSV-1"}]}
        for i in range(30)
    ]  # fmt: skip
    file["causes_and_effects"] = [
        {"name": "C-1", "title": text("too hot"), "function": "SIF-101", "bypass_allowed": False,
         "reset_permit": '"TI-101" < 60', "cells": [
             {"effect": "E-0", "action": "X"}, {"effect": "E-29", "action": "T", "delay_s": 7.5, "reset": False}]},
        {"name": "C-2", "title": text("warm"), "alarm": "TI-101.H", "bypass_allowed": True,
         "cells": [{"effect": "E-1", "action": "A", "override": "start_up"}]},
    ]  # fmt: skip
    subsystem = {"lambda_du_per_h": 2.5e-7, "proof_test_interval_h": 8760, "basis": "OREDA 2015"}
    file["functions"][0] |= {
        "reliability": {"sensors": subsystem, "elements": subsystem}, "demands_per_year": 0.2, "repair_h": 72,
    }  # fmt: skip
    file["inventories"] = [
        {"name": "INV-1", "title": text("acid"), "unit": "R101", "substance": "nitric acid", "cas": "7697-37-2",
         "design_max_t": 12.5, "registered_max_t": 10, "critical_t": 20, "points": ["LI-101"]}
    ]  # fmt: skip
    kept = {"unit": "R101", "every_days": 365, "last": "2026-01-02", "document": "DOC-7"}
    file["registers"] = {
        "power_supplies": [{"name": "UPS-1", "title": text("ups"), "autonomy_min": 45, "ready": "XA-502"} | kept],
        "relief_devices": [{"name": "PSV-1", "title": text("valve"), "set_pressure_kpa": 180} | kept],
        "samples": [{"name": "LAB-1", "title": text("lab"), "unit": "R101", "every_h": 4, "eu": "%", "high": 1.5}],
        "certificates": [{"name": "CERT-1", "title": text("paper"), "holder": "Li", "until": "2028-05-01"}],
    }
    file["people"] = [
        {"name": "Li", "title": "manager", "roles": ["engineer"], "duty": "technical", "certificate": "CERT-1"}
    ]
    file["sources"][0] |= {
        "fast_groups": [{"name": "FAST-1", "period_s": 0.2, "points": ["TI-101", "TI-102"]}],
        "limits": {"nodes_per_read": 500},
    }
    return compile_plant(PlantFile.model_validate(file))


@pytest.fixture(scope="module")
def plant() -> Plant:
    return load_plant(DEMO)


@pytest.fixture(scope="module")
def rich(plant: Plant) -> Plant:
    return with_everything(plant)


@pytest.fixture(scope="module")
def bare(plant: Plant) -> Plant:
    """The demo plant without all that a plant file may leave out."""
    file = plant.file.model_dump(mode="json", by_alias=True)
    kinds = ("alarms", "expression_alarms", "functions", "effects", "causes_and_effects", "gas_detectors")
    file |= dict.fromkeys((*kinds, "inventories", "people"), ()) | {"registers": {}}
    return compile_plant(PlantFile.model_validate(file))


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Language:
    answer: Language = request.param
    return answer


@pytest.fixture(scope="module")
def pdf(rich: Plant, language: Language) -> bytes:
    if language == "zh" and not set(CJK_FAMILIES) & set(font_families()):
        pytest.skip("needs a Chinese font (Debian package fonts-noto-cjk)")
    return render_pdf(rich, language=language, made_ns=MADE_NS)


@pytest.fixture(scope="module")
def paper(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


@pytest.fixture(scope="module")
def printed(paper: PdfReader) -> str:
    """All that the PDF says, without blanks."""
    return squeezed("".join(page.extract_text() for page in paper.pages))


@pytest.fixture(scope="module")
def page(rich: Plant, language: Language) -> ElementTree.Element:
    html = render_html(rich, language=language, made_ns=MADE_NS).decode()
    return ElementTree.fromstring(html.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314  # our own page


def squeezed(words: str) -> str:
    return re.sub(r"[\s\u200b]+", "", words)


def texts_in(plant: Plant, language: Language) -> Iterator[str]:
    """Every text that the booklet means to show."""

    def joined(cell: Cell) -> str:
        return "".join(run.text for run in cell)

    booklet = booklet_of(plant, language=language, made_ns=MADE_NS)
    yield from (booklet.title, booklet.site, booklet.status, booklet.contents)
    yield from (part for fact in booklet.head for part in (fact.label, joined(fact.cell)))
    todo: list[Any] = []
    for chapter in booklet.chapters:
        yield from (chapter.title, chapter.intro)
        for section in chapter.sections:
            yield section.title
            todo += section.parts
    while todo:
        match todo.pop():
            case Note(text=words):
                yield words
            case Facts(facts=facts):
                yield from (part for fact in facts for part in (fact.label, joined(fact.cell)))
            case Table() as table:
                yield from (table.caption, *(column.head for column in table.columns))
                yield from (joined(cell) for line in table.lines for cell in line.cells)
            case Matrix() as matrix:
                yield from (matrix.caption, matrix.corner)
                yield from (joined(cell) for line in matrix.lines for cell in line.cells)
            case Card() as card:
                yield from (card.name, card.title, card.figure, card.mark)
                todo += [Facts(facts=card.short), Facts(facts=card.long), *card.tables]


def facts_of(plant: Plant, language: Language) -> Iterator[tuple[str, str, str]]:
    """Head, limit and what the person reads of every alarm and function, from the file itself."""
    points = {point.name: point for point in plant.file.points}
    for alarm in plant.file.alarms:
        limit = f"{number(alarm.limit)} {points[alarm.point].eu}".rstrip()
        for words in (alarm.consequence, alarm.action):
            yield f"{alarm.name} {of(points[alarm.point].title, language)}", limit, of(words, language)
    for function in plant.file.functions:
        limit = f"{number(function.setpoint)} {points[function.inputs[0].point].eu}".rstrip()
        for words in (function.title, function.consequence, function.action):
            yield f"{function.name} {of(function.title, language)}", limit, of(words, language)


def test_the_pdf_holds_every_alarm_and_function_with_its_limit(rich: Plant, printed: str, language: Language) -> None:
    for head, limit, words in facts_of(rich, language):
        assert re.search(re.escape(squeezed(head)) + r".{1,20}?" + re.escape(squeezed(limit)), printed), (head, limit)
        assert squeezed(words) in printed, (head, words)


def test_no_text_leaves_its_page_or_lies_over_another(pdf: bytes, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext (Debian package poppler-utils)")
    file, boxes = tmp_path / "booklet.pdf", tmp_path / "boxes.html"
    file.write_bytes(pdf)
    subprocess.run(["pdftotext", "-bbox", str(file), str(boxes)], check=True)
    pages = boxes.read_text(encoding="utf-8").split("<page ")[1:]
    assert len(pages) > 10
    for n, text_of_page in enumerate(pages, start=1):
        found = re.findall(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>', text_of_page)
        boxed = [(*map(float, one[:4]), one[4]) for one in found]
        outside = [one for one in boxed if one[0] < LEFT_PT or one[2] > RIGHT_PT or one[1] < 0 or one[3] > HIGH_PT]
        assert outside == [], n
        rows = sorted(boxed, key=lambda one: (round(one[3] / 3), one[0]))
        # Half an em: Chinese marks side by side are set closer than their boxes.
        over = [
            (left, right)
            for left, right in pairwise(rows)
            if round(left[3] / 3) == round(right[3] / 3) and left[2] - right[0] > 4.5
        ]
        assert over == [], n


def test_the_pdf_cuts_no_text_off(rich: Plant, printed: str, language: Language) -> None:
    broken = [words for words in texts_in(rich, language) if not all(squeezed(w) in printed for w in words.split())]
    assert broken == []


def test_the_pdf_has_contents_page_numbers_and_a_bookmark_for_every_alarm(
    rich: Plant, paper: PdfReader, language: Language
) -> None:
    last = squeezed(paper.pages[-1].extract_text())
    assert squeezed(f"{texts_of(PACKAGE)['labels']['page'][language]} {len(paper.pages)} / {len(paper.pages)}") in last

    def titles(outline: Any) -> Iterator[str]:
        for entry in outline:
            if isinstance(entry, list):
                yield from titles(entry)
            else:
                yield entry["/Title"]

    marked = " ".join(titles(paper.outline))
    for entry in (*rich.file.alarms, *rich.file.expression_alarms, *rich.file.functions):
        assert entry.name in marked
    alarms = texts_of(PACKAGE)["chapters"]["alarms"][language]
    assert re.search(rf"4{alarms}\.+\d+", squeezed(paper.pages[1].extract_text()))


def test_the_page_says_every_text_of_the_booklet(rich: Plant, page: ElementTree.Element, language: Language) -> None:
    shown = squeezed("".join(page.itertext()))
    missing = [words for words in texts_in(rich, language) if squeezed(words) not in shown]
    assert missing == []


def test_every_entry_has_an_anchor_and_every_link_leads_to_one(rich: Plant, page: ElementTree.Element) -> None:
    anchors = [one.attrib["id"] for one in page.iter() if "id" in one.attrib]
    assert len(anchors) == len(set(anchors))
    wanted = {f"alarm-{one.name}" for one in (*rich.file.alarms, *rich.file.expression_alarms)}
    wanted |= {f"function-{one.name}" for one in rich.file.functions} | {
        f"point-{one.name}" for one in rich.file.points
    }
    assert wanted <= set(anchors)
    targets = {one.attrib["href"] for one in page.iter("a")}
    assert targets <= {f"#{anchor}" for anchor in anchors}


def test_the_page_needs_nothing_outside_itself(page: ElementTree.Element) -> None:
    names = {one.tag for one in page.iter()}
    assert not names & {"script", "link", "img", "iframe"}
    style = next(page.iter("style")).text or ""
    assert "url(" not in style
    assert "@import" not in style


def test_markup_in_a_text_is_shown_and_not_obeyed(plant: Plant, bare: Plant) -> None:
    file = bare.file.model_dump(mode="json", by_alias=True)
    file["alarms"] = [plant.file.alarms[0].model_dump(mode="json", by_alias=True)]
    file["alarms"][0]["action"] = {"en": "<b>#strong[run] & $x$ \\", "zh": "<script>跑</script>"}
    changed = compile_plant(PlantFile.model_validate(file))
    assert "&lt;b&gt;#strong[run] &amp; $x$" in render_html(changed, language="en", made_ns=MADE_NS).decode()
    assert "<script>" not in render_html(changed, language="zh", made_ns=MADE_NS).decode()
    reader = PdfReader(io.BytesIO(render_pdf(changed, language="en", made_ns=MADE_NS)))
    assert squeezed("<b>#strong[run] & $x$ \\") in squeezed("".join(page.extract_text() for page in reader.pages))


def test_a_plant_with_little_says_where_nothing_is_described(bare: Plant) -> None:
    booklet = booklet_of(bare, language="en", made_ns=MADE_NS)
    empty = {chapter.anchor for chapter in booklet.chapters if "describes none" in repr(chapter)}
    assert empty == {"alarms", "functions", "matrix", "gas", "registers", "people"}
    assert render_pdf(bare, language="en", made_ns=MADE_NS).startswith(b"%PDF")


def test_a_wide_matrix_is_parted_and_loses_no_cell(rich: Plant) -> None:
    booklet = booklet_of(rich, language="en", made_ns=MADE_NS)
    chapter = next(one for one in booklet.chapters if one.anchor == "matrix")
    parts = [one for one in chapter.sections[1].parts if isinstance(one, Matrix)]
    assert [one.caption for one in parts] == ["part 1 of 2", "part 2 of 2"]
    cells = [
        (line.cells[0][0].text, head[0].text, cell[0].text)
        for one in parts
        for line in one.lines
        for head, cell in zip(one.heads, line.cells[1:], strict=True)
        if cell[0].text
    ]
    assert cells == [("C-1", "E-0", "X"), ("C-2", "E-1", "A"), ("C-1", "E-29", "T7.5")]


def test_without_a_chinese_font_the_booklet_is_in_english_and_says_so(bare: Plant) -> None:
    pdf = render_pdf(bare, language="zh", made_ns=MADE_NS, families=("Libertinus Serif",))
    words = "".join(one.extract_text() for one in PdfReader(io.BytesIO(pdf)).pages[:3])
    assert "No Chinese font was found" in words
    assert not re.search(r"[\u4e00-\u9fff]", words)


def test_the_same_file_and_date_give_the_same_bytes(bare: Plant) -> None:
    assert render_pdf(bare, language="en", made_ns=MADE_NS) == render_pdf(bare, language="en", made_ns=MADE_NS)
    assert render_html(bare, language="zh", made_ns=MADE_NS) == render_html(bare, language="zh", made_ns=MADE_NS)


def test_every_text_is_there_in_both_languages_with_the_same_names_to_fill_in() -> None:
    for table in texts_of(PACKAGE).values():
        for key, entry in table.items():
            assert set(entry) == {"en", "zh"}, key
            assert all(entry.values()), key
            names = [{part[1] for part in string.Formatter().parse(words) if part[1]} for words in entry.values()]
            assert names[0] == names[1], key


def options(model: Any, field: str) -> set[str]:
    """The words that a field may hold, none of them left out."""
    annotation = model.model_fields[field].annotation
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return {one.value for one in annotation}
    return {word for one in (annotation, *get_args(annotation)) for word in get_args(one) if isinstance(word, str)}


def test_every_word_that_a_field_may_hold_has_its_text() -> None:
    texts = texts_of(PACKAGE)
    for table, words in {
        "classes": options(Rationalised, "klass"),
        "events": options(SafetyFunction, "events"),
        "policies": set(get_args(Policy)),
        "tables": options(ModbusAddress, "table"),
        "orders": options(ModbusAddress, "word_order"),
        "protocols": options(SourceEntry, "protocol"),
        "reactions": options(Unit, "reaction"),
        "duties": options(Person, "duty"),
        "overrides": options(MatrixCell, "override"),
        "roles": {role.value for role in Role},
        "processes": {process.value for process in ProcessType},
        "subsystems": set(Reliability.model_fields),
    }.items():
        assert words, table
        assert words == set(texts[table]), table


def test_no_text_is_left_without_a_use() -> None:
    package = Path(__file__).parents[3] / "plantsafe" / "plant" / "booklet"
    code = "\n".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    for table in ("labels", "words", "chapters", "intros"):
        unused = [key for key in texts_of(PACKAGE)[table] if not re.search(f"[\"']{key}[\"']", code)]
        assert unused == [], table


def test_numbers_are_told_as_they_were_written() -> None:
    told = [number(value) for value in (70.0, 0.02, -100.0, 1_000_000.0, 2.5e-7, 65535)]
    assert told == ["70", "0.02", "-100", "1000000", "2.5×10⁻⁷", "65535"]


@pytest.mark.parametrize("name", ["booklet.pdf", "booklet.html"])
def test_the_command_writes_the_booklet(tmp_path: Path, name: str, plant: Plant) -> None:
    out = tmp_path / name
    done = CliRunner().invoke(app, ["plant", "doc", str(DEMO), "--out", str(out), "--language", "en"])
    assert done.exit_code == 0, done.output
    content = out.read_bytes()
    assert done.output.strip().endswith(f"{len(content)} bytes")
    assert content.startswith(b"%PDF") if name.endswith("pdf") else plant.hash.encode() in content


def test_another_language_or_ending_is_one_clear_error(tmp_path: Path, plant: Plant) -> None:
    with pytest.raises(RequestError, match="'fr'"):
        render_pdf(plant, language="fr", made_ns=MADE_NS)
    done = CliRunner().invoke(app, ["plant", "doc", str(DEMO), "--out", str(tmp_path / "booklet.docx")])
    assert isinstance(done.exception, RequestError)
    assert "end the name in .pdf or .html" in str(done.exception)

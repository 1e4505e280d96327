"""The same figures on the page, in the PDF, in JSON and in CSV, in both languages."""

import csv
import io
import json
import re
from collections.abc import Callable

import pytest
from pypdf import PdfReader

from plantsafe.compliance import Summary, head_for_page, render_csv, render_json, render_pdf, rows_for_page, summarise
from plantsafe.compliance.texts import duration, share, tables
from plantsafe.errors import RequestError
from plantsafe.frame import BAD_SENSOR_FAILURE
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant
from plantsafe.typesetting import CJK_FAMILIES, font_families
from plantsafe.verdict import Fact

BEGIN_NS, MADE_NS = 1_780_000_000_000_000_000, 1_780_000_900_000_000_000
SECRET = 61.234567


@pytest.fixture(scope="module")
def summary(plant: Plant, tmp_path_factory: pytest.TempPathFactory, write: Callable[..., None]) -> Summary:
    """Ten minutes with a bypass, four persons in a partition, bad head counts, and three lost scans."""
    n, folder = 600, tmp_path_factory.mktemp("record")
    write(
        folder,
        plant,
        n=n,
        values={"TA.B": [float(100 <= i < 165) for i in range(n)], "HC-1": [2.0] * 599 + [4.0], "TA": [SECRET] * n},
        status={"HC-2": [BAD_SENSOR_FAILURE] * 7 + [0] * (n - 7)},
        lost=frozenset({400, 401, 402}),
        facts={
            100: [Fact(kind="bypass_on", subject="SIF-1", body={"value": SECRET})],
            165: [Fact(kind="bypass_off", subject="SIF-1")],
        },
    )
    with HistoryReader(folder) as reader:
        return summarise(reader, plant, from_ns=BEGIN_NS, to_ns=BEGIN_NS + n * 1_000_000_000)


def text_of(pdf: bytes) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_text_of_the_page_stands_in_the_pdf(summary: Summary, language: str) -> None:
    if language == "zh" and not set(CJK_FAMILIES) & set(font_families()):
        pytest.skip("needs a Chinese font (Debian package fonts-noto-cjk)")
    printed = text_of(render_pdf(summary, language=language, made_ns=MADE_NS))
    head = head_for_page(summary, language)
    for text in (head.title, head.site, head.mark, summary.plant, summary.journal_head, head.footer):
        assert squeezed(text) in printed
    for row in rows_for_page(summary, language):
        for text in (row.title, row.value, row.limit, row.outcome_text, row.not_judged, row.basis, row.status):
            assert squeezed(text) in printed, text
        for line in row.lines:
            for text in (line.value, line.outcome_text, *line.notes):
                assert squeezed(text) in printed, text


def test_figures_read_as_a_person_would_count_them(summary: Summary) -> None:
    rows = {row.rule: row for row in rows_for_page(summary, "en")}
    assert (rows["head_count.partition"].value, rows["head_count.partition"].outcome_text) == ("4", "not met")
    assert rows["head_count.partition"].lines[1].not_judged == "7 s no usable data; 3 s not recorded"
    assert rows["bypass.time"].value == "1 min 05 s"
    assert rows["bypass.time"].lines[0].evidence == "597 samples; events #1, #2"
    assert rows["bypass.longest"].limit == "at most 8 h"
    assert rows["data.recorded"].value == "99.50 %"
    assert rows["nitration.parameters"].outcome_text == "met in the judged time"
    assert rows["record.chain"].evidence == "2 journal rows"
    chinese = {row.rule: row for row in rows_for_page(summary, "zh")}
    assert chinese["bypass.time"].value == "1 分 05 秒"
    assert chinese["head_count.partition"].limit == "不超过 3 人"


def test_a_pdf_without_a_chinese_font_is_in_english_and_says_so(summary: Summary) -> None:
    printed = text_of(render_pdf(summary, language="zh", made_ns=MADE_NS, families=("Libertinus Serif",)))
    assert squeezed("No Chinese font was found on this machine") in printed
    assert squeezed("Persons in one explosion-proof partition") in printed
    assert not re.search(r"[\u4e00-\u9fff]", printed)


def test_every_report_is_marked_as_resting_on_an_unapproved_plant_file(summary: Summary) -> None:
    assert head_for_page(summary, "en").mark == "Plant file not approved"
    assert json.loads(render_json(summary, made_ns=MADE_NS))["plant_approved"] is False
    rows = list(csv.DictReader(io.StringIO(render_csv(summary, made_ns=MADE_NS).decode("utf-8-sig"))))
    assert {row["plant_approved"] for row in rows} == {"0"}


def test_json_and_csv_hold_the_same_figures(summary: Summary) -> None:
    document = json.loads(render_json(summary, made_ns=MADE_NS))
    rows = list(csv.DictReader(io.StringIO(render_csv(summary, made_ns=MADE_NS).decode("utf-8-sig"))))
    expected = []
    for figure in document["figures"]:
        expected.append((figure["rule"], "", figure))
        expected += [(figure["rule"], row["subject"], row) for row in figure["rows"]]
    assert [(row["rule"], row["subject"]) for row in rows] == [(rule, subject) for rule, subject, _ in expected]
    for row, (_, _, answer) in zip(rows, expected, strict=True):
        assert row["value"] == ("" if answer["value"] is None else str(answer["value"]))
        assert (float(row["limit"]), row["outcome"]) == (answer["limit"], answer["outcome"])
        assert int(row["missing_scans"]) == answer["counts"]["missing"]
        assert [int(seq) for seq in row["events"].split()] == answer["evidence"]["events"]


def test_no_process_value_leaves_in_any_form(summary: Summary) -> None:
    forms = (
        render_json(summary, made_ns=MADE_NS).decode(),
        render_csv(summary, made_ns=MADE_NS).decode(),
        text_of(render_pdf(summary, language="en", made_ns=MADE_NS)),
    )
    for text in forms:
        assert "61.23" not in text


def test_no_text_says_that_the_law_asks_for_a_limit(summary: Summary) -> None:
    for language, words in (("en", ("the law says", "required by law", "violat")), ("zh", ("法律规定", "违法"))):
        text = json.dumps([str(row) for row in rows_for_page(summary, language)], ensure_ascii=False)
        assert not [word for word in words if word in text]


def test_the_same_summary_gives_the_same_bytes(summary: Summary) -> None:
    assert render_pdf(summary, language="en", made_ns=MADE_NS) == render_pdf(summary, language="en", made_ns=MADE_NS)
    assert render_json(summary, made_ns=MADE_NS) == render_json(summary, made_ns=MADE_NS)


def test_rounding_never_flatters() -> None:
    assert share(0.99999, up=False) == "99.99 %"
    assert share(1.0, up=False) == "100.00 %"
    assert share(0.00001, up=True) == "0.01 %"
    assert duration(0.2, "en", up=True) == "1 s"
    assert duration(7200 + 5, "en", up=True) == "2 h 00 min 05 s"
    assert duration(86400, "zh", up=True) == "24 小时"


def test_another_language_is_one_clear_error(summary: Summary) -> None:
    with pytest.raises(RequestError, match="'fr'"):
        rows_for_page(summary, "fr")


def test_every_text_is_there_in_both_languages_with_the_same_names_to_fill_in() -> None:
    for table in tables().values():
        for key, text in table.items():
            assert set(text) == {"en", "zh"}, key
            assert sorted(re.findall(r"{(\w+)", text["en"])) == sorted(re.findall(r"{(\w+)", text["zh"])), key

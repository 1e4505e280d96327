"""What a regulator sees: freshness first, then figures with their rule and their evidence; no recipe, no process value.

The figures are those of the report, word for word. They are made when they are asked for, up to a whole minute.
"""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import streamlit as st

from dashboards import panel
from dashboards.acts import note_report
from dashboards.components.glyph import mark
from dashboards.language import Tongue
from dashboards.numbers import NS_PER_S
from dashboards.picture import Picture, compiled
from dashboards.visit import Visit, picture_or_stop, visit_or_stop
from plantsafe.compliance import Outcome, Summary, head_for_page, render_csv, render_json, render_pdf, rows_for_page
from plantsafe.compliance import summarise as summarise_record
from plantsafe.compliance.pages import PageLine, PageRow
from plantsafe.errors import PlantsafeError
from plantsafe.history.reader import HistoryReader
from plantsafe.request import MAY, RequestKind

PERIODS_H = {1: "1 h", 8: "8 h", 24: "24 h", 24 * 7: "7 d", 24 * 30: "30 d"}
_MINUTE_NS = 60 * NS_PER_S


def show() -> None:
    """The page."""
    visit = visit_or_stop()
    panel.top(with_alarms=False)
    picture, tongue = picture_or_stop(visit), visit.tongue
    with st.container(horizontal=True, vertical_alignment="bottom"):
        hours = st.selectbox(
            tongue("Period"), list(PERIODS_H), format_func=lambda h: PERIODS_H[h], width=110, key="summary-period"
        )
        st.button(tongue("Refresh"), key="summary-refresh")
    try:
        with st.spinner(tongue("Reading the record")):
            summary = _summary_of(visit, picture, hours)
    except PlantsafeError as error:
        st.html(f"<div class='ps ps-banner'>{escape(str(error))}</div>")
        return
    rows = rows_for_page(summary, tongue.code)
    st.html(_head(summary, tongue))
    st.html(_table(rows, tongue, with_lines=False))
    if visit.session.role in MAY[RequestKind.REPORT]:
        _downloads(visit, summary, hours)
    with st.expander(tongue("Every subject under its rule")):
        st.html(_table(rows, tongue, with_lines=True))


def _summary_of(visit: Visit, picture: Picture, hours: int) -> Summary:
    """The figures of the last hours, up to the last whole minute; a record younger than that up to its newest scan."""
    newest_ns = picture.frame.time_ns + picture.plant.period_ns
    to_ns = newest_ns - newest_ns % _MINUTE_NS
    if picture.frame.number * picture.plant.period_ns < 2 * _MINUTE_NS:
        to_ns = newest_ns
    return _summarise(str(visit.folder), picture.plant.document(), to_ns - hours * 3600 * NS_PER_S, to_ns)


@st.cache_data(max_entries=24, show_spinner=False)
def _summarise(folder: str, document: str, from_ns: int, to_ns: int) -> Summary:
    with HistoryReader(Path(folder)) as history:
        return summarise_record(history, compiled(document)[0], from_ns=from_ns, to_ns=to_ns)


def _head(summary: Summary, tongue: Tongue) -> str:
    head = head_for_page(summary, tongue.code)
    lines = "".join(f"<tr><td class='ps-quiet'>{escape(k)}</td><td>{escape(v)}</td></tr>" for k, v in head.lines)
    notes = "".join(f"<p class='ps'>{escape(note)}</p>" for note in head.notes)
    unapproved = (
        f"<div class='ps ps-banner'>{mark('!', '')} {escape(head.mark)}. "
        f"<span style='font-weight:400'>{escape(head.mark_detail)}</span></div>"
        if head.mark
        else ""
    )
    return (
        f"<h1>{escape(head.title)}: {escape(head.site)}</h1>{unapproved}"
        f"<table class='ps' style='width:auto'>{lines}</table>{notes}<p class='ps ps-quiet'>{escape(head.footer)}</p>"
    )


def _table(rows: Sequence[PageRow], tongue: Tongue, *, with_lines: bool) -> str:
    heads = (
        tongue("Rule"),
        tongue("Result"),
        tongue("Value"),
        tongue("Limit"),
        tongue("Not judged"),
        tongue("Rows and scans it rests on"),
    )
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(_rule(row, with_lines=with_lines) for row in rows)
    return f"<table class='ps'><tr>{head}</tr>{body}</table>"


def _rule(row: PageRow, *, with_lines: bool) -> str:
    notes = "".join(f"<br><span class='ps-quiet'>{escape(note)}</span>" for note in row.notes)
    basis = f"<span class='ps-quiet'>{escape(row.basis)} · {escape(row.status)}</span>"
    own = f"<tr><td><b>{escape(row.title)}</b><br>{basis}{notes}</td>{_cells(row)}</tr>"
    return own + "".join(
        f"<tr><td style='padding-left:1.6rem'>{escape(line.subject)} "
        f"<span class='ps-quiet'>{escape(line.title)}</span></td>{_cells(line)}</tr>"
        for line in (row.lines if with_lines else ())
    )


def _cells(row: PageRow | PageLine) -> str:
    texts = (row.value, row.limit, row.not_judged, row.evidence)
    result = f"<td class='ps-keep'>{_sign(row.outcome)} {escape(row.outcome_text)}</td>"
    return result + "".join(f"<td{' class=ps-keep' if i < 2 else ''}>{escape(t)}</td>" for i, t in enumerate(texts))


def _sign(outcome: Outcome) -> str:
    match outcome:
        case Outcome.MET:
            return ""
        case Outcome.NOT_MET:
            return "<span class='ps-flag'>!</span>"
        case Outcome.NOT_VERIFIABLE:
            return mark("?", "")


def _downloads(visit: Visit, summary: Summary, hours: int) -> None:
    """The same figures as files; the record says who took which."""
    made_ns, tongue = visit.clock.utc_ns(), visit.tongue
    makers: dict[str, tuple[str, Callable[[], bytes]]] = {
        "PDF": ("application/pdf", lambda: render_pdf(summary, language=tongue.code, made_ns=made_ns)),
        "CSV": ("text/csv", lambda: render_csv(summary, made_ns=made_ns)),
        "JSON": ("application/json", lambda: render_json(summary, made_ns=made_ns)),
    }
    with st.container(horizontal=True):
        for kind, (mime, make) in makers.items():
            st.download_button(
                f"{tongue('Download')} {kind}",
                _noted(visit, kind, hours, make),
                file_name=f"{summary.site}-summary-{hours}h.{kind.lower()}",
                mime=mime,
                key=f"summary-{kind}",
                on_click="ignore",
            )


def _noted(visit: Visit, kind: str, hours: int, make: Callable[[], bytes]) -> Callable[[], bytes]:
    def noted() -> bytes:
        note_report(visit, f"summary {kind}", hours)
        return make()

    return noted

"""The journal as a table: filtered by kind, text and time; the whole answer as CSV for those who may take it away."""

import csv
import io
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st

from dashboards.acts import note_export
from dashboards.components.events import EVENT_WORDS, against, event_word, kind_word, subject_title
from dashboards.components.glyph import priority_glyph
from dashboards.language import Tongue
from dashboards.numbers import NS_PER_S, local
from dashboards.picture import Picture
from dashboards.visit import Visit, picture_or_stop, visit_or_stop
from plantsafe.journal.project import ALARM_KINDS
from plantsafe.request import MAY, RequestKind
from plantsafe.store.record import EventRow, RecordReader

SHOWN = 100  # rows on the page, newest first (site default)
MOST_ROWS = 100_000  # rows of one CSV file (site default)
_SCANNED = 20_000  # newest events that a filter on the page looks through (site default)
PERIODS_H = {1: "1 h", 8: "8 h", 24: "24 h", 24 * 7: "7 d", 24 * 30: "30 d"}
_UTC = ZoneInfo("UTC")
COLUMNS = ("seq", "scan", "utc", "local", "kind", "subject", "actor", "body")


@st.fragment
def history() -> None:
    """Filter, table and download; rerun by its own widgets only."""
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    st.html(f"<h2>{tongue('History')}</h2>")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        hours = st.selectbox(
            tongue("Period"), list(PERIODS_H), index=2, format_func=lambda h: PERIODS_H[h], width=110, key="h-period"
        )
        kinds = st.multiselect(
            tongue("Kind"),
            list(EVENT_WORDS),
            format_func=lambda kind: event_word(kind, tongue),
            placeholder=tongue("alarms and findings"),
            key="h-kinds",
        )
        text = st.text_input(tongue("Point, person or unit"), key="h-text", width=220)
        st.button(tongue("Refresh"), key="h-refresh")
    from_ns = picture.frame.time_ns - hours * 3600 * NS_PER_S
    wanted = tuple(kinds) or ALARM_KINDS
    events = list(_matching(visit.folder, wanted, text, from_ns, SHOWN))
    st.html(_table(picture, events, tongue))
    if len(events) == SHOWN:
        st.html(f"<p class='ps ps-quiet'>{tongue('The newest {count} rows.').format(count=SHOWN)}</p>")
    if visit.session.role in MAY[RequestKind.EXPORT]:
        _download(visit, picture, wanted, text, from_ns)


def _matching(folder: Path, kinds: tuple[str, ...], text: str, from_ns: int, most: int) -> Iterator[EventRow]:
    """Events of `kinds` since `from_ns` whose subject, actor or body holds `text`, newest first, at most `most`."""
    needle, found = text.strip().casefold(), 0
    with RecordReader(folder) as reader:
        for event in reader.events(kinds=kinds, from_ns=from_ns, newest=max(most, _SCANNED)):
            if needle in f"{event.subject}\n{event.actor}\n{event.body}".casefold():
                yield event
                found += 1
                if found >= most:
                    return


def _table(picture: Picture, events: list[EventRow], tongue: Tongue) -> str:
    if not events:
        return f"<div class='ps ps-quiet'>{tongue('none')}</div>"
    heads = (tongue("Time"), tongue("Scan"), tongue("Event"), "", tongue("About"), tongue("Who"), tongue("Particulars"))
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    rows = "".join(_row(picture, event, tongue) for event in events)
    return f"<table class='ps'><tr>{head}</tr>{rows}</table>"


def _row(picture: Picture, event: EventRow, tongue: Tongue) -> str:
    body = json.loads(event.body)
    priority = body.get("priority")
    sign = priority_glyph(priority, filled=False) if priority in (1, 2, 3, 4) else ""
    about = event.subject if body.get("kind") == "expression" else str(body.get("about") or event.subject)
    kind = kind_word(str(body["kind"]), tongue) if "kind" in body else ""
    who = "" if event.actor == "system" else event.actor
    detail = str(body.get("reason") or body.get("act") or against(picture, body, tongue))
    if "cause" in body and event.kind == "alarm_suppressed":
        detail = tongue("told by {alarm}").format(alarm=body["cause"])
    elif event.kind == "alarm_raised" and body.get("suppression"):
        detail = " · ".join(part for part in (detail, tongue("not announced")) if part)
    cells = (
        local(event.time_ns, picture.zone, "%m-%d %H:%M:%S"),
        str(event.scan),
        event_word(event.kind, tongue),
        sign,
        f"{subject_title(picture, about, tongue)} {kind}",
        who,
        detail,
    )
    return "<tr>" + "".join(f"<td>{cell if i == 3 else escape(cell)}</td>" for i, cell in enumerate(cells)) + "</tr>"


def _download(visit: Visit, picture: Picture, kinds: tuple[str, ...], text: str, from_ns: int) -> None:
    """A button that makes the file when it is pressed; the record says who took it."""

    def make() -> bytes:
        rows = list(_matching(visit.folder, kinds, text, from_ns, MOST_ROWS))
        note_export(visit, "journal", len(rows))
        return csv_of(picture, rows)

    st.download_button(
        visit.tongue("Download CSV"),
        make,
        file_name=f"{picture.plant.file.site.name}-journal-{picture.frame.number}.csv",
        mime="text/csv",
        key="h-csv",
        on_click="ignore",
    )


def csv_of(picture: Picture, events: list[EventRow]) -> bytes:
    """The rows as CSV in UTF-8 with a byte order mark, so that spreadsheets show Chinese and run no formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for e in events:
        utc = f"{local(e.time_ns, _UTC, '%Y-%m-%dT%H:%M:%S')}.{e.time_ns % NS_PER_S // 1_000_000:03d}Z"
        here = local(e.time_ns, picture.zone, "%Y-%m-%d %H:%M:%S")
        writer.writerow([e.seq, e.scan, utc, here, *(_harmless(t) for t in (e.kind, e.subject, e.actor, e.body))])
    return out.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

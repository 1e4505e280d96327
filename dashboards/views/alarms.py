"""The alarm list that is worked with: one button a row, no reordering under the pointer, history below.

The list keeps the order it had when it was asked for. A new alarm waits in the line above it until `Show` is pressed;
an alarm that is over stays in its row, faded. Each button belongs to one occurrence of one condition, for ever.
"""

from html import escape

import numpy as np
import streamlit as st

from dashboards import panel
from dashboards.acts import ANSWER_WORDS, acknowledge, answers
from dashboards.components import alarm_acts, alarm_rows, finding_acts, kpi_rows
from dashboards.components.glyph import priority_glyph
from dashboards.history_table import history
from dashboards.language import Tongue
from dashboards.numbers import local
from dashboards.picture import Picture
from dashboards.visit import Visit, picture_or_stop, visit_or_stop
from plantsafe.alarms.console import at_console, consoles, consoles_of
from plantsafe.alarms.kpi import DAY_NS, figures
from plantsafe.alarms.life_cycle import WAITING, State, Suppression
from plantsafe.alarms.own_log import own_moves
from plantsafe.errors import PlantsafeError
from plantsafe.request import MAY, RequestKind
from plantsafe.store.record import RecordReader

MOST_ROWS = 40  # rows with a button; the rest is counted (site default)
_LIST, _ASKED = "alarm_list", "alarm_asked"
Row = tuple[str, int]
"""Name of a condition, and one occurrence of it."""


def show() -> None:
    """The page."""
    tongue = visit_or_stop().tongue
    panel.top()
    panel.title(tongue("Alarms"))
    text = tongue(
        "A monitor and a record, never the annunciator: work from the control system's alarm panel. "
        "Acknowledging here does not acknowledge in the DCS."
    )
    st.html(f"<p class='ps'><b>{text}</b></p>")
    _chosen_alarm()
    _worked_list()
    _shelf()
    _first_out()
    _findings()
    _others()
    _figures()
    history()


def _now(picture: Picture) -> list[Row]:
    """Open alarms in the order of urgency."""
    return [(picture.conditions[i].name, int(picture.live["occurrence"][i])) for i in picture.open_alarms.tolist()]


def _show_new() -> None:
    st.session_state.pop(_LIST, None)


@st.fragment(run_every=panel.REFRESH_S)
def _worked_list() -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    now = _now(picture)
    shown: list[Row] = st.session_state.setdefault(_LIST, now)
    _line_above(picture, [row for row in now if row not in shown], tongue)
    asked: dict[int, str] = st.session_state.setdefault(_ASKED, {})
    answered = answers(visit.folder, set(asked.values()))
    rows = {condition.name: i for i, condition in enumerate(picture.conditions)}
    may = visit.session.role in MAY[RequestKind.ACKNOWLEDGE]
    for name, occurrence in shown[:MOST_ROWS]:
        i = rows.get(name)
        if i is None:
            continue
        over = int(picture.live["occurrence"][i]) != occurrence or picture.state[i] == State.NORM
        text_column, button_column = st.columns([5, 1], vertical_alignment="top", gap="small")
        text_column.html(alarm_rows.alarm(picture, i, tongue, over=over))
        with button_column:
            request = asked.get(occurrence)
            if request is not None and request in answered:
                answer = answered[request]
                when = local(answer.time_ns, picture.zone)
                text = f"{tongue(ANSWER_WORDS[answer.kind])} · {answer.actor} · {when} {answer.reason}"
                st.html(f"<div class='ps'>{escape(text)}</div>")
            elif may and not over and WAITING[picture.state[i]]:
                st.button(
                    tongue("Acknowledge"),
                    key=f"ack-{occurrence}",
                    disabled=request is not None,
                    on_click=_acknowledge,
                    args=(visit, name, occurrence),
                    width="stretch",
                )
            if may and not over:
                alarm_acts.choose_button(name, occurrence, tongue, key=f"more-{occurrence}")
    if not shown:
        st.html(f"<p class='ps ps-quiet'>{tongue('No alarm is open.')}</p>")
    if len(shown) > MOST_ROWS:
        more = tongue("{count} more, less urgent").format(count=len(shown) - MOST_ROWS)
        st.html(f"<p class='ps ps-quiet'>{more}</p>")


@st.fragment(run_every=panel.REFRESH_S)
def _chosen_alarm() -> None:
    visit = visit_or_stop()
    alarm_acts.panel(visit, picture_or_stop(visit))


@st.fragment(run_every=panel.REFRESH_S)
def _shelf() -> None:
    """Alarms that people have put away, each with the way back."""
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    st.html(f"<h2>{tongue('Shelved and out of service')}</h2>")
    kept = int(Suppression.SHELVED | Suppression.OUT_OF_SERVICE)
    rows = np.flatnonzero(alarm_rows.bits(picture) & kept).tolist()
    may = visit.session.role in MAY[RequestKind.UNSHELVE]
    for i in rows:
        text_column, button_column = st.columns([5, 1], vertical_alignment="top", gap="small")
        text_column.html(alarm_rows.shelf_line(picture, i, tongue))
        if may:
            name, occurrence = picture.conditions[i].name, int(picture.live["occurrence"][i])
            with button_column:
                alarm_acts.choose_button(name, occurrence, tongue, key=f"back-{i}-{occurrence}")
    if not rows:
        st.html(f"<div class='ps ps-quiet'>{tongue('none')}</div>")


@st.fragment(run_every=panel.REFRESH_S)
def _first_out() -> None:
    """Groups with a mark, each with its reset."""
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    marked = np.flatnonzero(picture.live.get("first_out", np.zeros(0, dtype=np.uint8))).tolist()
    groups = dict.fromkeys(picture.conditions[i].first_out for i in marked)
    if not groups:
        return
    st.html(f"<h2>{tongue('First-out')}</h2>")
    for group in groups:
        text_column, button_column = st.columns([5, 1], vertical_alignment="top", gap="small")
        rows = [i for i in marked if picture.conditions[i].first_out == group]
        text_column.html(alarm_rows.first_out_group(picture, group, rows, tongue))
        if visit.session.role in MAY[RequestKind.RESET]:
            with button_column:
                alarm_acts.reset_group_button(visit, group)


@st.fragment
def _figures() -> None:
    """Key figures of the last day, made when they are asked for."""
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    st.html(f"<h2>{tongue('Key figures of the last 24 h')}</h2>")
    named = consoles(picture.plant)
    console = st.selectbox(tongue("Console"), named, key="kpi-console") if len(named) > 1 else "".join(named)
    if st.button(tongue("Work them out"), key="kpi-go"):
        end_ns = picture.frame.time_ns + 1
        with RecordReader(visit.folder) as reader:
            moves = own_moves(reader, end_ns)
        first_ns = int(moves.time_ns[0]) if len(moves.time_ns) else end_ns - DAY_NS
        begin_ns = max(end_ns - DAY_NS, min(first_ns, end_ns - 1))
        if console:
            of = dict(
                zip(
                    (condition.name for condition in picture.conditions),
                    consoles_of(picture.plant, picture.conditions),
                    strict=True,
                )
            )
            moves = at_console(moves, console, of)
        st.html(kpi_rows.table(figures(moves, begin_ns, end_ns), tongue))


def _line_above(picture: Picture, new: list[Row], tongue: Tongue) -> None:
    """One line of fixed height: how many new alarms wait, and the button that takes them into the list."""
    priorities = {c.name: c.priority for c in picture.conditions}
    st.html(alarm_rows.flood_line(picture, tongue))
    text_column, button_column = st.columns([5, 1], vertical_alignment="center", gap="small")
    with text_column:
        if new:
            signs = " ".join(priority_glyph(p, filled=True) for p in sorted(priorities[name] for name, _ in new)[:12])
            text = tongue("{count} new alarms wait to be shown").format(count=len(new))
            st.html(f"<div class='ps ps-banner'>{signs} {text}</div>")
        else:
            text = tongue("No new alarm since this list was made")
            st.html(f"<div class='ps ps-line ps-quiet'>{text}</div>")
    button_column.button(tongue("Show the list anew"), key="show-new", on_click=_show_new, width="stretch")


def _acknowledge(visit: Visit, name: str, occurrence: int) -> None:
    """The click: one request for the occurrence that stood in the row, whatever happened since."""
    try:
        st.session_state[_ASKED][occurrence] = acknowledge(visit, name, occurrence)
    except PlantsafeError as error:
        st.toast(str(error))


@st.fragment(run_every=2 * panel.REFRESH_S)
def _findings() -> None:
    """Findings of units with what they may be; others stand in a list below."""
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    finding_acts.section(visit, picture, tongue("Findings: no sound, nothing to acknowledge"))


@st.fragment(run_every=2 * panel.REFRESH_S)
def _others() -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    parts = (
        (tongue("All findings that hold"), alarm_rows.findings(picture, tongue)),
        (tongue("Alarms that cannot be judged now"), alarm_rows.not_available(picture, tongue)),
        (tongue("Suppressed by design"), alarm_rows.by_design(picture, tongue)),
        (tongue("Suppressed by design under a lost source"), alarm_rows.suppressed(picture, tongue)),
    )
    st.html("".join(f"<h2>{title}</h2>{body}" for title, body in parts))

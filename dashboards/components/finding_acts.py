"""Findings with the two acts that engineers have on them: right or wrong; the next scan decides.

What came together is judged together: one request for each of its findings that nobody judged yet.
"""

from typing import Any

import streamlit as st

from dashboards.components.alarm_acts import show_answer, submit_act
from dashboards.components.finding_cards import Card, card, cards, latest
from dashboards.language import Tongue
from dashboards.picture import Picture
from dashboards.visit import Visit
from plantsafe.findings.causes import fault_table
from plantsafe.findings.past import Finding
from plantsafe.request import MAY, RequestKind

_OPEN = "finding_open"


def section(visit: Visit, picture: Picture, title: str, unit: str = "") -> None:
    """The cards of one unit or of all, each with its acts for those who may; a unit without any has no title either."""
    tongue = visit.tongue
    found = cards(visit.folder, picture, unit)
    if found or not unit:
        st.html(f"<h2>{title}</h2>")
    if not found and not unit:
        st.html(f"<div class='ps ps-quiet'>{tongue('none')}</div>")
    may = visit.session.role in MAY[RequestKind.CONFIRM_FINDING]
    for one in found:
        key = one.episode.findings[0].occurrence
        asks = [finding for finding in one.episode.findings if not finding.judged and latest(finding, picture)]
        text_column, button_column = st.columns([5, 1], vertical_alignment="top", gap="small")
        text_column.html(card(one, picture, tongue))
        if may and asks:
            with button_column:
                if st.button(tongue("Judge it …"), key=f"judge-{key}", width="stretch"):
                    st.session_state[_OPEN] = key
        if st.session_state.get(_OPEN) == key and may:
            _form(visit, picture, one, asks, f"finding-{key}")


def _form(visit: Visit, picture: Picture, one: Card, asks: list[Finding], key: str) -> None:
    """Right or wrong, why, and what it was."""
    tongue: Tongue = visit.tongue
    with st.container(border=True):
        if asks:
            titles = {row.id: tongue.text(row.title) for row in fault_table().rows}
            first = [likely.cause.id for likely in one.likely]
            cause = st.selectbox(
                tongue("What it was"),
                ["", *first, *(cause for cause in titles if cause not in first)],
                format_func=lambda c: titles.get(c, tongue("another cause, or not known yet")),
                key=f"{key}-cause",
            )
            comment = st.text_input(tongue("Comment; to reject: what was normal about it"), key=f"{key}-comment")
        with st.container(horizontal=True):
            if asks and st.button(tongue("The finding is right"), key=f"{key}-confirm"):
                _judge(visit, key, RequestKind.CONFIRM_FINDING, asks, {"cause": cause, "comment": comment})
            if asks and st.button(tongue("The finding is wrong"), key=f"{key}-reject"):
                _judge(visit, key, RequestKind.REJECT_FINDING, asks, {"comment": comment})
            if st.button(tongue("Close"), key=f"{key}-close"):
                st.session_state.pop(_OPEN, None)
                st.rerun()
        show_answer(visit, key, picture)


def _judge(visit: Visit, key: str, kind: RequestKind, asks: list[Finding], body: dict[str, Any]) -> None:
    """A request for each; the answer to the last one is shown."""
    for finding in asks:
        submit_act(visit, key, kind, finding.name, finding.occurrence, body)

"""Every safety function: what it gives now, and what it stands on: bypasses, final elements, readiness, redundancy."""

import streamlit as st

from dashboards import panel
from dashboards.components import bypass_acts, protection, safeguards
from dashboards.visit import picture_or_stop, visit_or_stop


def show() -> None:
    """The page."""
    tongue = visit_or_stop().tongue
    panel.top()
    panel.title(tongue("Protection"))
    text = tongue(
        "As seen from outside: the safety system executes these functions, this page watches them. "
        "Not visible is neither in service nor bypassed."
    )
    st.html(f"<p class='ps ps-quiet'>{text}</p>")
    _table()
    _bypasses()
    _record_form()
    _stands_on()


@st.fragment(run_every=panel.REFRESH_S)
def _table() -> None:
    visit = visit_or_stop()
    picture = picture_or_stop(visit)
    st.html(protection.table(picture, visit.tongue, stale=panel.is_stale(visit, picture)))


@st.fragment(run_every=panel.REFRESH_S)
def _bypasses() -> None:
    visit = visit_or_stop()
    st.html(f"<h2>{visit.tongue('Bypasses')}</h2>")
    bypass_acts.panel(visit, picture_or_stop(visit))


@st.fragment
def _record_form() -> None:
    """Not refreshed: what is being written stays."""
    visit = visit_or_stop()
    bypass_acts.form(visit, picture_or_stop(visit))


@st.fragment(run_every=panel.REFRESH_S)
def _stands_on() -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    st.html(f"<h2>{tongue('Readiness of effects')}</h2>{safeguards.readiness(picture, tongue)}")
    st.html(f"<h2>{tongue('Final elements')}</h2>{safeguards.elements(picture, tongue)}")
    st.html(f"<h2>{tongue('Redundant measurements')}</h2>{safeguards.compared(picture, tongue)}")

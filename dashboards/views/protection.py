"""Every safety function: what it gives now, its channels, its trip output, its elements, its margin."""

import streamlit as st

from dashboards import panel
from dashboards.components import protection
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


@st.fragment(run_every=panel.REFRESH_S)
def _table() -> None:
    visit = visit_or_stop()
    picture = picture_or_stop(visit)
    st.html(protection.table(picture, visit.tongue, stale=panel.is_stale(visit, picture)))

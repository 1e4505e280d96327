"""What every page does first: sign of life, header line, and the grey of old data."""

from html import escape

import streamlit as st

from dashboards.components import header, style
from dashboards.language import Tongue
from dashboards.picture import Picture
from dashboards.visit import Visit, board_of, visit_or_stop
from plantsafe.errors import PlantsafeError

REFRESH_S = 1.0  # how often a panel asks for the newest scan (site default)


def title(text: str) -> None:
    """The heading of a page."""
    st.html(f"<h1>{text}</h1>")


def top(*, with_alarms: bool = True) -> None:
    """The header line, refreshed; it greys the whole page out when no new scan comes."""
    _top(with_alarms=with_alarms)


@st.fragment(run_every=REFRESH_S)
def _top(*, with_alarms: bool) -> None:
    visit = visit_or_stop()
    tongue = visit.tongue
    beat = st.session_state["beat"] = st.session_state.get("beat", 0) + 1
    try:
        picture = board_of(str(visit.folder)).picture()
    except PlantsafeError as error:
        st.html(style.pulse(beat, tongue, stale=True))
        cannot_read(error, tongue)
        return
    if picture is None:
        st.html(style.pulse(beat, tongue, stale=True))
        st.html(f"<div class='ps ps-banner ps-always'>{tongue('There is no recorded scan yet.')}</div>")
        return
    fresh = header.freshness(picture, visit.clock)
    st.html(style.pulse(beat, tongue, stale=fresh.stale))
    st.html(
        header.banner(picture, fresh, tongue) + header.bar(picture, fresh, visit.clock, tongue, with_alarms=with_alarms)
    )


def cannot_read(error: PlantsafeError, tongue: Tongue) -> None:
    """What stands in the place of what the record does not give, with what would mend it."""
    words = escape(f"{error.message}; {error.mend}" if error.mend else error.message)
    st.html(f"<div class='ps ps-banner ps-always'>{tongue('The record cannot be read')}: {words}</div>")


def is_stale(visit: Visit, picture: Picture) -> bool:
    """True where the newest scan is too old to say anything about now."""
    return header.freshness(picture, visit.clock).stale

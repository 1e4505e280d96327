"""The script that Streamlit runs for each visitor: who is it, which pages may they see, in which language."""

from pathlib import Path

import streamlit as st

from dashboards.components.style import sheet
from dashboards.navigation import pages_for
from dashboards.sidebar import sidebar
from dashboards.visit import visit_or_stop

ICON = Path(__file__).with_name("icon.svg")
"""A picture of our own: Streamlit fetches named icons from the internet."""


def main() -> None:
    """One run."""
    st.set_page_config(page_title="plantsafe", layout="wide", page_icon=ICON, initial_sidebar_state="expanded")
    st.html(sheet())
    visit = visit_or_stop()
    page = st.navigation(pages_for(visit.session.role, visit.tongue), position="sidebar")
    sidebar(visit)
    page.run()


main()

"""The script that Streamlit runs for each visitor: who is it, which pages may they see, in which language."""

import streamlit as st

from dashboards.components.style import sheet
from dashboards.navigation import pages_for
from dashboards.sidebar import sidebar
from dashboards.visit import visit_or_stop


def main() -> None:
    """One run."""
    st.set_page_config(page_title="plantsafe", layout="wide", page_icon=":material/monitor_heart:")
    st.html(sheet())
    visit = visit_or_stop()
    page = st.navigation(pages_for(visit.session.role, visit.tongue), position="sidebar")
    sidebar(visit)
    page.run()


main()

"""The pages of a role as Streamlit knows them. A page that is not in this list does not exist for the visitor."""

from collections.abc import Callable, Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboards.language import Tongue
from dashboards.page_roles import TITLES, urls_for
from dashboards.views import alarms, connection, overview, protection, summary, unit, worth
from plantsafe.request import Role

SHOW: Mapping[str, Callable[[], None]] = {
    "overview": overview.show,
    "unit": unit.show,
    "alarms": alarms.show,
    "protection": protection.show,
    "worth": worth.show,
    "summary": summary.show,
    "connection": connection.show,
}


def pages_for(role: Role, tongue: Tongue) -> list[StreamlitPage]:
    """The pages of a role; the first is the one that opens."""
    return [
        st.Page(SHOW[url], title=tongue(TITLES[url]), url_path=url, default=i == 0)
        for i, url in enumerate(urls_for(role))
    ]

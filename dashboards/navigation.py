"""Which role sees which page. A page that is not in this list does not exist for the visitor."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboards.language import Tongue, n_
from dashboards.views import alarms, connection, overview, protection, summary, unit
from plantsafe.request import Role

_STAFF = frozenset({Role.OPERATOR, Role.ENGINEER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: its address, its title, who may see it, what draws it."""

    url: str
    title: str
    roles: frozenset[Role]
    show: Callable[[], None]


ENTRIES = (
    Entry("overview", n_("Overview"), _STAFF, overview.show),
    Entry("unit", n_("Unit"), _STAFF, unit.show),
    Entry("alarms", n_("Alarms"), _STAFF, alarms.show),
    Entry("protection", n_("Protection"), _STAFF, protection.show),
    Entry("summary", n_("Summary"), frozenset(Role), summary.show),
    Entry("connection", n_("Connection"), _STAFF, connection.show),
)


def pages_for(role: Role, tongue: Tongue) -> list[StreamlitPage]:
    """The pages of a role; the first is the one that opens."""
    mine = [entry for entry in ENTRIES if role in entry.roles]
    return [
        st.Page(entry.show, title=tongue(entry.title), url_path=entry.url, default=i == 0)
        for i, entry in enumerate(mine)
    ]

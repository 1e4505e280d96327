"""Which role sees which page: plain data, for the navigation and for the page server."""

from collections.abc import Mapping

from dashboards.language import n_
from plantsafe.request import Role

_STAFF = frozenset({Role.OPERATOR, Role.ENGINEER, Role.ADMIN})

TITLES: Mapping[str, str] = {
    "overview": n_("Overview"),
    "unit": n_("Unit"),
    "alarms": n_("Alarms"),
    "protection": n_("Protection"),
    "worth": n_("PFD and tests"),
    "summary": n_("Summary"),
    "connection": n_("Connection"),
}
"""Pages by their address, in the order of the navigation."""

ROLES: Mapping[str, frozenset[Role]] = dict.fromkeys(TITLES, _STAFF) | {"summary": frozenset(Role)}


def urls_for(role: Role) -> tuple[str, ...]:
    """The pages of a role. The first one opens: Streamlit serves it at `/` and not under its own name."""
    return tuple(url for url in TITLES if role in ROLES[url])

"""Beside every page: the language switch, who is signed in, the way out."""

from html import escape

import streamlit as st

from dashboards.language import LANGUAGES, n_
from dashboards.visit import Visit
from plantsafe.request import Role
from plantsafe.store.access import set_language

ROLE_WORDS = {
    Role.VIEWER: n_("viewer"),
    Role.OPERATOR: n_("operator"),
    Role.ENGINEER: n_("engineer"),
    Role.ADMIN: n_("administrator"),
}


def sidebar(visit: Visit) -> None:
    """The foot of the navigation."""
    tongue = visit.tongue
    with st.sidebar:
        st.radio(
            "Language / 语言",
            list(LANGUAGES),
            index=list(LANGUAGES).index(tongue.code),
            format_func=lambda code: LANGUAGES[code],
            key="language_choice",
            horizontal=True,
            on_change=_choose,
            args=(visit,),
        )
        st.html(
            f"<div class='ps'>{escape(visit.session.name)}<br>"
            f"<span class='ps-quiet'>{escape(tongue(ROLE_WORDS[visit.session.role]))}</span><br><br>"
            f"<a href='/logout' target='_self'>{escape(tongue('Sign out'))}</a></div>"
        )


def _choose(visit: Visit) -> None:
    """The choice holds for this visit at once, and for the account from now on."""
    code = st.session_state["language_choice"]
    st.session_state["language"] = code
    set_language(visit.folder, visit.session.name, code)

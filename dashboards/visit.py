"""Who looks at a page, in which language, at which record. Asked anew in every run of a page and of each panel."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboards.language import LANGUAGES, Tongue, tongue_of
from dashboards.picture import Board, Picture
from plantsafe.clock import Clock
from plantsafe.errors import PlantsafeError
from plantsafe.store.access import Session, session_of

COOKIE = "plantsafe_session"
DATA_VARIABLE, CLOCK_VARIABLE = "PLANTSAFE_DATA", "PLANTSAFE_CLOCK"
FOLDERS_KEPT = 4  # boards a process keeps; one in service, more in tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One person at one page."""

    session: Session
    tongue: Tongue
    folder: Path
    clock: Clock


def data_folder() -> Path:
    """The data folder that `serve` was given."""
    return Path(os.environ.get(DATA_VARIABLE, "data"))


@st.cache_resource(max_entries=FOLDERS_KEPT)
def board_of(folder: str) -> Board:
    """The board of a data folder, one for all visitors."""
    return Board(Path(folder))


@st.cache_resource(max_entries=FOLDERS_KEPT)
def clock_of(text: str) -> Clock:
    """The plant's clock, as `serve` was given it; the machine's where it was given none."""
    return Clock.decode(text) if text else Clock.system()


def cookie_token() -> str:
    """The session token that the browser sent when it connected."""
    return st.context.cookies.get(COOKIE, "")


def current_visit() -> Visit | None:
    """The visit of this run, None when nobody is signed in (any more)."""
    folder = data_folder()
    session = session_of(folder, cookie_token(), now_ns=time.time_ns())
    if session is None:
        return None
    code = st.session_state.get("language") or session.language or tongue_of(st.context.locale).code
    return Visit(
        session=session,
        tongue=Tongue(code if code in LANGUAGES else "en"),
        folder=folder,
        clock=clock_of(os.environ.get(CLOCK_VARIABLE, "")),
    )


def visit_or_stop() -> Visit:
    """The visit, or the end of this run: a page that stayed open after its session ended shows nothing more."""
    visit = current_visit()
    if visit is None:
        tongue = tongue_of(st.context.locale)
        st.html(f'<p><a href="/login" target="_self">{tongue("Sign in")}</a></p>')
        st.stop()
    return visit


def picture_of(visit: Visit) -> Picture | None:
    """The newest picture; None with no scan so far or an unreadable record (then the header says why)."""
    try:
        return board_of(str(visit.folder)).picture()
    except PlantsafeError:
        return None


def picture_or_stop(visit: Visit) -> Picture:
    """The newest picture, or one line that there is none."""
    picture = picture_of(visit)
    if picture is None:
        st.html(f"<p class='ps-quiet'>{visit.tongue('There is no recorded scan yet.')}</p>")
        st.stop()
    return picture

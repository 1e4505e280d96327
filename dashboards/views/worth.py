"""What each safety function is worth: now, over twelve months, its ledger, and its proof tests."""

import streamlit as st

from dashboards import panel
from dashboards.components import proof_acts, worth
from dashboards.picture import Picture
from dashboards.visit import Visit, picture_or_stop, visit_or_stop
from plantsafe.protection import LEDGER_KINDS, Ledger
from plantsafe.protection.account import Account, accounts
from plantsafe.store.record import RecordReader

_LEDGER = "ledger"


def show() -> None:
    """The page."""
    tongue = visit_or_stop().tongue
    panel.top()
    panel.title(tongue("PFD and tests"))
    text = tongue(
        "Two figures, never merged: what a function gives now, and what it gave over twelve months of service. "
        "Compared with 1/RRF by failures and tests alone; architecture and systematic capability are not seen here."
    )
    st.html(f"<p class='ps ps-quiet'>{text}</p>")
    _tables()
    _form()
    _answer()


@st.fragment(run_every=5 * panel.REFRESH_S)
def _tables() -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    rows = _accounts(visit, picture)
    if not rows:
        st.html(f"<p class='ps ps-quiet'>{tongue('This plant has no safety function in its file.')}</p>")
        return
    st.html(worth.figures(picture, rows, tongue, stale=panel.is_stale(visit, picture)))
    st.html(f"<h2>{tongue('Ledger')}</h2>{worth.ledger(picture, rows, tongue)}")


@st.fragment
def _form() -> None:
    """Not refreshed: what is being written stays."""
    visit = visit_or_stop()
    picture = picture_or_stop(visit)
    st.html(f"<h2>{visit.tongue('Proof tests')}</h2>")
    proof_acts.form(visit, picture, _accounts(visit, picture))


@st.fragment(run_every=panel.REFRESH_S)
def _answer() -> None:
    visit = visit_or_stop()
    proof_acts.answer(visit, picture_or_stop(visit))


def _accounts(visit: Visit, picture: Picture) -> tuple[Account, ...]:
    """The ledger of this visit goes on from the events that are new."""
    kept: tuple[str, Ledger] | None = st.session_state.get(_LEDGER)
    key = f"{visit.folder} {picture.plant.hash}"
    if kept is None or kept[0] != key:
        kept = st.session_state[_LEDGER] = (key, Ledger(picture.plant))
    with RecordReader(visit.folder) as reader:
        kept[1].take(reader.events(after=kept[1].seq, kinds=LEDGER_KINDS))
    return accounts(picture.plant, picture.live, kept[1], picture.frame.number, picture.frame.time_ns)

"""The form of a proof test, of its deferral and of the credit of a trip: each one request, which a scan answers."""

from datetime import date
from html import escape
from typing import Any

import streamlit as st

from dashboards.acts import ANSWER_WORDS, act, answers, second_person
from dashboards.components.worth import SUBSYSTEM_WORDS
from dashboards.language import Tongue, n_
from dashboards.numbers import local
from dashboards.picture import Picture
from dashboards.visit import Visit
from plantsafe.errors import PlantsafeError
from plantsafe.plant.reliability import SUBSYSTEMS
from plantsafe.protection.account import Account
from plantsafe.protection.proof_tests import RESULTS
from plantsafe.request import MAY, RequestKind

_ASKED = "proof_asked"
ACT_WORDS = {
    RequestKind.PROOF_TEST: n_("Put a proof test on record"),
    RequestKind.DEFER_TEST: n_("Defer a proof test"),
    RequestKind.CREDIT_TRIP: n_("Count a trip as a partial test"),
}
RESULT_WORDS = {
    "pass": n_("as found: good"),
    "fail_dangerous": n_("as found: failed dangerously"),
    "fail_safe": n_("as found: failed safely"),
}
_WITH_SECOND = (RequestKind.DEFER_TEST, RequestKind.CREDIT_TRIP)


def form(visit: Visit, picture: Picture, rows: tuple[Account, ...]) -> None:
    """The form; nothing for a role that may do none of it."""
    tongue, kinds = visit.tongue, [kind for kind in ACT_WORDS if visit.session.role in MAY[kind]]
    if not kinds or not rows:
        return
    named = {row.name: row for row in rows}
    titles = {f.name: f"{f.name}  {tongue.text(f.title)}" for f in picture.plant.file.functions}
    name = st.selectbox(tongue("Function"), list(named), format_func=titles.__getitem__, key="proof-function")
    kind = st.radio(tongue("Act"), kinds, format_func=lambda k: tongue(ACT_WORDS[k]), horizontal=True, key="proof-kind")
    today = date.fromisoformat(local(picture.frame.time_ns, picture.zone, "%Y-%m-%d"))
    body = _fields(kind, named[name], today, tongue)
    second = ("", "")
    if kind in _WITH_SECOND:
        second = (
            st.text_input(tongue("Second person"), key="proof-second"),
            st.text_input(tongue("Password of the second person"), type="password", key="proof-password"),
        )
    if st.button(tongue("Do it"), key="proof-go"):
        try:
            other = second_person(visit, *second) if kind in _WITH_SECOND else ""
            st.session_state[_ASKED] = act(visit, kind, name, 0, body, second=other)
        except PlantsafeError as error:
            st.toast(str(error))


def answer(visit: Visit, picture: Picture) -> None:
    """What became of the last act of the form."""
    request = st.session_state.get(_ASKED)
    if request is None:
        return
    found = answers(visit.folder, {request}).get(request)
    if found is None:
        st.html(f"<div class='ps ps-quiet'>{visit.tongue('asked; the next scan answers')}</div>")
        return
    when = local(found.time_ns, picture.zone)
    text = f"{visit.tongue(ANSWER_WORDS[found.kind])} · {found.actor} {when} {found.reason}"
    st.html(f"<div class='ps'>{escape(text)}</div>")


def _fields(kind: RequestKind, row: Account, today: date, tongue: Tongue) -> dict[str, Any]:
    if kind is RequestKind.CREDIT_TRIP:
        moved = list(row.entry.proposed)
        if not moved:
            st.html(
                f"<p class='ps ps-quiet'>{tongue('No final element of it moved in a trip since its last test.')}</p>"
            )
        return {"elements": st.multiselect(tongue("Final elements seen to move"), moved, moved, key="proof-elements")}
    body: dict[str, Any] = {
        "subsystem": st.selectbox(
            tongue("Devices"), SUBSYSTEMS, format_func=lambda s: tongue(SUBSYSTEM_WORDS[s]), key="proof-subsystem"
        )
    }
    if kind is RequestKind.DEFER_TEST:
        body["until"] = st.date_input(tongue("New day"), today, key="proof-until").isoformat()
        body["comment"] = st.text_input(tongue("Reason"), key="proof-reason")
        return body
    body["tested"] = st.date_input(tongue("Day of the test"), today, max_value=today, key="proof-day").isoformat()
    result = st.selectbox(tongue("Result"), RESULTS, format_func=lambda r: tongue(RESULT_WORDS[r]), key="proof-result")
    body["result"], body["failed"] = result, 0
    if result == "fail_dangerous":
        most = 99
        body["failed"] = int(st.number_input(tongue("Devices that had failed"), 1, most, key="proof-failed"))
    body["left_good"] = st.checkbox(tongue("left in good order"), value=True, key="proof-left")
    body["document"] = st.text_input(tongue("Number of the written record"), key="proof-document")
    return body

"""What can be done with one alarm beside its acknowledgement: a panel for the occurrence that was chosen in a row.

Each act is one request; the next scan decides, and the panel says what became of it, with the reason of a refusal.
"""

from collections.abc import Iterable
from html import escape
from typing import Any

import streamlit as st

from dashboards.acts import ANSWER_WORDS, act, answers, second_person
from dashboards.components.alarm_rows import bits
from dashboards.components.events import condition_title, kind_word
from dashboards.language import Tongue, n_
from dashboards.numbers import local
from dashboards.picture import Picture
from dashboards.visit import Visit
from plantsafe.alarms.life_cycle import State, Suppression
from plantsafe.errors import PlantsafeError
from plantsafe.request import MAY, RequestKind

_CHOSEN, _ASKED = "alarm_chosen", "alarm_act_asked"
ACT_WORDS = {
    RequestKind.COMMENT: n_("Comment"),
    RequestKind.SHELVE: n_("Shelve"),
    RequestKind.UNSHELVE: n_("Take off the shelf"),
    RequestKind.CONFIRM: n_("Confirm that the action was done"),
    RequestKind.RESET: n_("Reset"),
    RequestKind.OUT_OF_SERVICE: n_("Out of service"),
    RequestKind.RETURN_TO_SERVICE: n_("Back into service"),
}
MINUTES = (10, 30, 60, 120, 240, 480)


def choose_button(name: str, occurrence: int, tongue: Tongue, *, key: str) -> None:
    """Opens the panel for one occurrence."""
    if st.button(tongue("More …"), key=key, width="stretch"):
        st.session_state[_CHOSEN] = (name, occurrence)
        st.session_state.pop(_ASKED, None)
        st.rerun()


def reset_group_button(visit: Visit, group: str) -> None:
    """Takes the marks of a first-out group away; the answer stands beside it."""
    key = f"group-{group}"
    if st.button(visit.tongue("Reset"), key=f"reset-{key}", width="stretch"):
        submit_act(visit, key, RequestKind.RESET, group, 0, {})
    show_answer(visit, key, None)


def panel(visit: Visit, picture: Picture) -> None:
    """The panel of the chosen occurrence; nothing when none is chosen."""
    chosen: tuple[str, int] | None = st.session_state.get(_CHOSEN)
    rows = {condition.name: i for i, condition in enumerate(picture.conditions)}
    if chosen is None or chosen[0] not in rows:
        return
    (name, occurrence), tongue = chosen, visit.tongue
    i = rows[name]
    with st.container(border=True):
        condition = picture.conditions[i]
        title = f"{condition_title(picture, condition, tongue)} {kind_word(condition.kind, tongue)}"
        st.html(f"<div class='ps'><b>{escape(title)}</b> <span class='ps-quiet'>{escape(name)}</span></div>")
        kinds = [kind for kind in _possible(picture, i) if visit.session.role in MAY[kind]]
        kind = st.radio(
            tongue("Act"), kinds, format_func=lambda k: tongue(ACT_WORDS[k]), horizontal=True, key=f"act-{occurrence}"
        )
        body = _fields(kind, condition.shelve_max_scans * picture.plant.file.scan_period_s / 60.0, tongue)
        second = None
        if kind is RequestKind.OUT_OF_SERVICE:
            second = (
                st.text_input(tongue("Second person"), key="act-second"),
                st.text_input(tongue("Password of the second person"), type="password", key="act-password"),
            )
        with st.container(horizontal=True):
            if st.button(tongue("Do it"), key="act-go"):
                submit_act(visit, name, kind, name, occurrence, body, second=second)
            if st.button(tongue("Close"), key="act-close"):
                st.session_state.pop(_CHOSEN)
                st.rerun()
        show_answer(visit, name, picture)


def _possible(picture: Picture, i: int) -> Iterable[RequestKind]:
    """What the state of an alarm lets be asked; the scan decides again."""
    suppression, state = int(bits(picture)[i]), State(int(picture.state[i]))
    yield RequestKind.COMMENT
    if suppression & Suppression.SHELVED:
        yield RequestKind.UNSHELVE
    elif picture.conditions[i].shelve_max_scans:
        yield RequestKind.SHELVE
    if state in (State.LTUNK, State.LTACK):
        yield RequestKind.RESET
    if "confirm_due" in picture.live and picture.live["confirm_due"][i]:
        yield RequestKind.CONFIRM
    if suppression & Suppression.OUT_OF_SERVICE:
        yield RequestKind.RETURN_TO_SERVICE
    else:
        yield RequestKind.OUT_OF_SERVICE


def _fields(kind: RequestKind, longest_min: float, tongue: Tongue) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if kind is RequestKind.SHELVE:
        some = [m for m in MINUTES if m < longest_min]
        most = int(longest_min) if longest_min == int(longest_min) else longest_min
        body["minutes"] = st.selectbox(tongue("Minutes"), [*some, most], key="act-minutes")
        body["one_shot"] = st.checkbox(tongue("only until it returns"), key="act-one-shot")
    if kind is RequestKind.OUT_OF_SERVICE:
        body["permit"] = st.text_input(tongue("Number of the permit"), key="act-permit")
    if kind in (RequestKind.SHELVE, RequestKind.OUT_OF_SERVICE):
        body["comment"] = st.text_input(tongue("Reason"), key="act-reason")
    elif kind is RequestKind.COMMENT:
        body["comment"] = st.text_input(tongue("Comment"), key="act-comment")
    return body


def submit_act(
    visit: Visit,
    key: str,
    kind: RequestKind,
    subject: str,
    occurrence: int,
    body: dict[str, Any],
    *,
    second: tuple[str, str] | None = None,
) -> None:
    """One request; `second`: name and password of the other person, where two are needed."""
    try:
        other = "" if second is None else second_person(visit, *second)
        asked: dict[str, str] = st.session_state.setdefault(_ASKED, {})
        asked[key] = act(visit, kind, subject, occurrence, body, second=other)
    except PlantsafeError as error:
        st.toast(str(error))


def show_answer(visit: Visit, key: str, picture: Picture | None) -> None:
    """What became of the last act of this panel."""
    request = st.session_state.get(_ASKED, {}).get(key)
    if request is None:
        return
    answer = answers(visit.folder, {request}).get(request)
    if answer is None:
        st.html(f"<div class='ps ps-quiet'>{visit.tongue('asked; the next scan answers')}</div>")
        return
    when = local(answer.time_ns, picture.zone) if picture is not None else ""
    text = f"{visit.tongue(ANSWER_WORDS[answer.kind])} · {answer.actor} {when} {answer.reason}"
    st.html(f"<div class='ps'>{escape(text)}</div>")

"""What people do about bypasses: record and have one approved, withdraw it, take it over with the shift.

A record is a request of one person that another one approves here and now, with a password; the next scan decides.
"""

import json
from html import escape
from typing import Any

import streamlit as st

from dashboards.acts import ANSWER_WORDS, act, answers, second_person
from dashboards.components.safeguards import TYPE_WORDS, bypasses, waits_for_handover, with_record
from dashboards.language import Tongue
from dashboards.numbers import local
from dashboards.picture import Picture
from dashboards.visit import Visit
from plantsafe.errors import PlantsafeError
from plantsafe.plant.model import BypassLimits
from plantsafe.protection.bypass import TYPES, bypass_bits
from plantsafe.request import MAY, RequestKind
from plantsafe.store.record import RecordReader

_ASKED = "bypass_asked"
_SEARCHED = 500  # newest records looked through for those that are open (site default)
MINUTES = (10, 30, 60, 120, 240, 480)


def panel(visit: Visit, picture: Picture) -> None:
    """The open bypasses, each with its acts, and what became of what was asked."""
    tongue = visit.tongue
    lines = bypasses(picture, records(visit), tongue)
    due, recorded = waits_for_handover(picture), with_record(picture)
    if not lines:
        st.html(f"<p class='ps ps-quiet'>{tongue('No channel is bypassed, and none is approved for it.')}</p>")
    for bit, line in lines:
        text_column, button_column = st.columns([5, 1], vertical_alignment="top", gap="small")
        text_column.html(line)
        with button_column:
            if bit in due and visit.session.role in MAY[RequestKind.BYPASS_TAKE_OVER]:
                _button(visit, RequestKind.BYPASS_TAKE_OVER, bit, tongue("Take over"))
            if bit in recorded and visit.session.role in MAY[RequestKind.BYPASS_WITHDRAW]:
                _button(visit, RequestKind.BYPASS_WITHDRAW, bit, tongue("Withdraw the record"))
    for bit in st.session_state.get(_ASKED, {}):
        _answer(visit, picture, bit)


def form(visit: Visit, picture: Picture) -> None:
    """The form for a new record, for those who may ask for one."""
    if visit.session.role in MAY[RequestKind.BYPASS_APPROVE] and bypass_bits(picture.plant):
        with st.expander(visit.tongue("Record a bypass")):
            _fields(visit, picture)


def records(visit: Visit) -> dict[str, dict[str, Any]]:
    """By bit, the newest approval: who asked, who approved, why, which hazard and measure."""
    found: dict[str, dict[str, Any]] = {}
    with RecordReader(visit.folder) as reader:
        for event in reader.events(kinds=("bypass_approved",), newest=_SEARCHED):
            found[event.subject] = {**json.loads(event.body), "actor": event.actor}
    return found


def _button(visit: Visit, kind: RequestKind, bit: str, label: str) -> None:
    if st.button(label, key=f"{kind.value}-{bit}", width="stretch"):
        _submit(visit, kind, bit, {})


def _fields(visit: Visit, picture: Picture) -> None:
    tongue = visit.tongue
    bits = bypass_bits(picture.plant)
    owners = {
        bit: ", ".join(f.name for f in picture.plant.file.functions if any(c.bypass == bit for c in f.inputs))
        for bit in bits
    }
    bit = st.selectbox(tongue("Bypass bit"), bits, format_func=lambda b: f"{b} ({owners[b]})", key="bypass-bit")
    kind = st.radio(
        tongue("Type"), TYPES, format_func=lambda t: tongue(TYPE_WORDS[t]), horizontal=True, key="bypass-type"
    )
    longest = min((getattr(f.bypass_max_min, f"{kind}_min") for f in _functions(picture, bit)), default=_most(kind))
    some = [m for m in MINUTES if m < longest]
    most = int(longest) if longest == int(longest) else longest
    minutes = st.selectbox(tongue("Minutes"), [*some, most], key="bypass-min")
    texts = {
        "why": st.text_input(tongue("Reason"), key="bypass-why"),
        "hazard": st.text_area(tongue("Hazard assessment"), key="bypass-hazard"),
        "measure": st.text_area(tongue("Compensating measure"), key="bypass-measure"),
        "moc": st.text_input(tongue("Number of the management of change (over 72 h)"), key="bypass-moc"),
    }
    name = st.text_input(tongue("Approved by"), key="bypass-approver")
    password = st.text_input(tongue("Password of the second person"), type="password", key="bypass-password")
    if st.button(tongue("Record and approve"), key="bypass-go"):
        body = {"type": kind, "minutes": float(minutes), **{key: text for key, text in texts.items() if text.strip()}}
        _submit(visit, RequestKind.BYPASS_APPROVE, bit, body, second=(name, password))


def _functions(picture: Picture, bit: str) -> list[Any]:
    return [f for f in picture.plant.file.functions if any(c.bypass == bit for c in f.inputs)]


def _most(kind: str) -> float:
    return float(getattr(BypassLimits(), f"{kind}_min"))


def _submit(
    visit: Visit, kind: RequestKind, bit: str, body: dict[str, Any], *, second: tuple[str, str] | None = None
) -> None:
    try:
        other = "" if second is None else second_person(visit, *second)
        asked: dict[str, str] = st.session_state.setdefault(_ASKED, {})
        asked[bit] = act(visit, kind, bit, 0, body, second=other)
    except PlantsafeError as error:
        st.toast(str(error))


def _answer(visit: Visit, picture: Picture, bit: str) -> None:
    """What became of the last act on this bit."""
    request = st.session_state.get(_ASKED, {}).get(bit)
    if request is None:
        return
    answer = answers(visit.folder, {request}).get(request)
    if answer is None:
        st.html(f"<div class='ps ps-quiet'>{escape(bit)}: {visit.tongue('asked; the next scan answers')}</div>")
        return
    tongue: Tongue = visit.tongue
    when = local(answer.time_ns, picture.zone)
    text = f"{bit}: {tongue(ANSWER_WORDS[answer.kind])} · {answer.actor} {when} {answer.reason}"
    st.html(f"<div class='ps'>{escape(text)}</div>")

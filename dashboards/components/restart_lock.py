"""The restart lock of a unit: what locks it, what is still missing, and the confirmation by two people."""

from html import escape

import numpy as np
import streamlit as st

from dashboards.components.alarm_acts import show_answer, submit_act
from dashboards.language import Tongue
from dashboards.numbers import local
from dashboards.picture import Picture
from dashboards.visit import Visit
from plantsafe.frame import is_good
from plantsafe.plant.model import Unit
from plantsafe.protection.restart_lock import lock_of
from plantsafe.request import MAY, RequestKind


def locked_since(picture: Picture, unit: str) -> tuple[int, int]:
    """Scans in which the unit was locked and in which it ran again all the same, 0 for not."""
    locks = [one.name for one in picture.plant.file.units if one.restart_lock is not None]
    if unit not in locks or "restart.locked_at" not in picture.live:
        return 0, 0
    i = locks.index(unit)
    return int(picture.live["restart.locked_at"][i]), int(picture.live["restart.restarted_at"][i])


def banner(picture: Picture, unit: Unit, tongue: Tongue) -> str:
    """What stands above the unit while it is locked."""
    locked, restarted = locked_since(picture, unit.name)
    if not locked:
        return ""
    when = _at(picture, locked)
    head = tongue("Agitator locked against restart")
    if restarted:
        head = f"{tongue('Agitator runs again, and nobody confirmed it')} ({_at(picture, restarted)})"
    needs = "".join(f"<div>{_mark(there)} {escape(title)}</div>" for title, there in _needs(picture, unit, tongue))
    return (
        f"<div class='ps ps-lock'><b>{escape(head)}</b> <span class='ps-quiet'>{tongue('since')} {when}</span>"
        f"<div>{tongue('Nitrating agent was dosed while it stood still. Two people confirm temperature and sample.')}"
        f"</div>{needs}</div>"
    )


def form(visit: Visit, picture: Picture, unit: Unit) -> None:
    """The confirmation, for who may give it."""
    tongue, key = visit.tongue, f"restart-{unit.name}"
    locked, _ = locked_since(picture, unit.name)
    if locked and visit.session.role in MAY[RequestKind.RESTART_CONFIRM]:
        with st.container(border=True):
            with st.container(horizontal=True):
                temperature = st.number_input(tongue("Temperature read, °C"), value=None, key=f"{key}-temperature")
                sample = st.text_input(tongue("Sample: number and result"), key=f"{key}-sample")
            with st.container(horizontal=True):
                second = st.text_input(tongue("Second person"), key=f"{key}-second")
                password = st.text_input(
                    tongue("Password of the second person"), type="password", key=f"{key}-password"
                )
            if st.button(tongue("Confirm for restart"), key=f"{key}-go"):
                body = {"temperature": temperature, "sample": sample}
                kind = RequestKind.RESTART_CONFIRM
                submit_act(visit, key, kind, unit.name, 0, body, second=(second, password))
    show_answer(visit, key, picture)


def _needs(picture: Picture, unit: Unit, tongue: Tongue) -> list[tuple[str, bool | None]]:
    """What the permission needs, and whether it is there; None where people or nobody can say."""
    plant = picture.plant
    effects = {effect.name: i for i, effect in enumerate(plant.file.effects)}
    i = effects[lock_of(unit).effect]
    seen = np.where(is_good(picture.frame.status), picture.frame.value, np.nan)
    found: list[tuple[str, bool | None]] = []
    for k, need in enumerate(plant.file.effects[i].preconditions):
        expression = plant.expressions.preconditions.get((i, k))
        there: bool | None = None
        if expression is not None:
            true, unclear = expression.truth(seen)
            there = None if unclear else bool(true)
        found.append((tongue.text(need.title), there))
    return found


def _mark(there: bool | None) -> str:
    return "?" if there is None else "✓" if there else "✗"


def _at(picture: Picture, scan: int) -> str:
    ago = picture.frame.number - scan
    return local(picture.frame.time_ns - ago * picture.plant.period_ns, picture.zone)

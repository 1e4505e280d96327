"""Level 2: one unit, its functions, its values, and curves of its points on demand."""

from html import escape
from pathlib import Path

import streamlit as st

from dashboards import panel
from dashboards.components import finding_acts, heat_balance, line_balance, operating_windows, protection, restart_lock
from dashboards.components.unit_card import point_row
from dashboards.language import Tongue
from dashboards.numbers import reading
from dashboards.picture import Picture
from dashboards.trend import Curves, figure, read_curves
from dashboards.visit import Visit, picture_or_stop, visit_or_stop
from plantsafe.errors import PlantsafeError
from plantsafe.plant.model import Unit

WINDOWS_S = {600: "10 min", 3600: "1 h", 8 * 3600: "8 h", 24 * 3600: "24 h"}
BALANCE_REFRESH_S = 10.0  # amounts in a tank move in minutes (site default)
MOST_CURVES = 6  # small charts one above the other (site default)


def show() -> None:
    """The page."""
    visit = visit_or_stop()
    panel.top()
    picture, tongue = picture_or_stop(visit), visit.tongue
    units = {unit.name: unit for unit in picture.plant.file.units}
    asked = st.query_params.get("unit", "")
    names = list(units)
    name = st.selectbox(
        tongue("Unit"),
        names,
        index=names.index(asked) if asked in units else 0,
        format_func=lambda n: f"{n} {tongue.text(units[n].title)}",
        width=420,
    )
    _functions(name)
    restart_lock.form(visit, picture, units[name])
    _findings(name)
    _windows(name)
    _balance(name)
    _trends(visit, picture, units[name], tongue)
    _values(name)


@st.fragment(run_every=panel.REFRESH_S)
def _functions(name: str) -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    stale = panel.is_stale(visit, picture)
    status = protection.unit_status(picture, name, stale=stale)
    phase = _phases(picture, name, tongue)
    unit = next(one for one in picture.plant.file.units if one.name == name)
    st.html(
        restart_lock.banner(picture, unit, tongue)
        + f"<div class='ps ps-head'><span>{phase}</span>{protection.answer(status, tongue)}</div>"
        + protection.table(picture, tongue, stale=stale, unit=name)
    )


@st.fragment(run_every=2 * panel.REFRESH_S)
def _findings(name: str) -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    finding_acts.section(visit, picture, tongue("Findings of this unit, and what they may be"), name)


@st.fragment(run_every=panel.REFRESH_S)
def _windows(name: str) -> None:
    visit = visit_or_stop()
    picture = picture_or_stop(visit)
    unit = next(unit for unit in picture.plant.file.units if unit.name == name)
    section = operating_windows.section(picture, unit, visit.tongue, stale=panel.is_stale(visit, picture))
    if section:
        st.html(section)


@st.fragment(run_every=BALANCE_REFRESH_S)
def _balance(name: str) -> None:
    visit = visit_or_stop()
    picture = picture_or_stop(visit)
    unit = next(unit for unit in picture.plant.file.units if unit.name == name)
    stale = panel.is_stale(visit, picture)
    for component in (heat_balance, line_balance):
        section = component.section(picture, unit, visit.tongue, stale=stale)
        if section:
            st.html(section)


def _phases(picture: Picture, unit: str, tongue: Tongue) -> str:
    """State points with more than two states: the batch phase."""
    parts = []
    for row, point in enumerate(picture.plant.file.points):
        if point.unit == unit and point.kind == "state" and len(point.states) > 2:
            value = reading(point, float(picture.frame.value[row]), tongue)
            parts.append(f"{escape(tongue.text(point.title))}: <b>{escape(value)}</b>")
    return " · ".join(parts)


@st.cache_data(max_entries=64, ttl=3600, show_spinner=False)
def _curves(folder: str, points: tuple[str, ...], first: int, last: int) -> Curves:
    return read_curves(Path(folder), points, first, last)


def _trends(visit: Visit, picture: Picture, unit: Unit, tongue: Tongue) -> None:
    """Curves up to the scan at which the page was asked for; `Refresh` asks anew."""
    plant = picture.plant
    analog = [point.name for point in plant.file.points if point.unit == unit.name and point.kind != "state"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            tongue("Trends"),
            analog,
            default=[name for name in unit.display if name in analog][:3],
            max_selections=MOST_CURVES,
            key=f"trend-{unit.name}",
        )
        window_s = st.selectbox(
            tongue("Window"), list(WINDOWS_S), format_func=lambda s: WINDOWS_S[s], width=110, key="window"
        )
        st.button(tongue("Refresh"), key="refresh-trend")
    rows = tuple(plant.points.row[name] for name in chosen)
    if rows:
        last = picture.frame.number
        first = max(1, last - round(window_s / plant.file.scan_period_s) + 1)
        try:
            with st.spinner(tongue("Reading the record")):
                curves = _curves(str(visit.folder), tuple(chosen), first, last)
        except PlantsafeError as error:  # a day's file is damaged: the other parts of the page go on
            panel.cannot_read(error, tongue)
            return
        chart = figure(plant, rows, curves, picture.zone, tongue)
        st.plotly_chart(chart, theme=None, config={"displaylogo": False, "displayModeBar": False}, key="trend")


@st.fragment(run_every=panel.REFRESH_S)
def _values(name: str) -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    heads = ("", tongue("Point"), tongue("Value"), "", "", tongue("To the nearest limit"))
    number = {2, 5}
    head = "".join(f"<th{' class=ps-num' if i in number else ''}>{escape(h)}</th>" for i, h in enumerate(heads))
    rows = "".join(
        point_row(picture, point.name, tongue, with_title=True)
        for point in picture.plant.file.points
        if point.unit == name
    )
    st.html(f"<h2>{tongue('Values')}</h2><table class='ps'><tr>{head}</tr>{rows}</table>")

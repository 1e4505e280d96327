"""Level 1: every workshop and unit at a glance."""

from html import escape

import streamlit as st

from dashboards import panel
from dashboards.components.events import last_alarm_line
from dashboards.components.glyph import quality_mark
from dashboards.components.header import freshness
from dashboards.components.nearest_trips import nearest_trips
from dashboards.components.unit_card import card
from dashboards.language import Tongue
from dashboards.numbers import number
from dashboards.picture import Picture
from dashboards.visit import picture_or_stop, visit_or_stop
from plantsafe.plant.model import Workshop


def show() -> None:
    """The page."""
    panel.top()
    panel.title(visit_or_stop().tongue("Overview"))
    _units()


@st.fragment(run_every=panel.REFRESH_S)
def _units() -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    fresh = freshness(picture, visit.clock)
    parts = [last_alarm_line(visit.folder, picture, tongue), nearest_trips(picture, tongue)]
    for workshop in picture.plant.file.workshops:
        parts.append(f"<h2>{escape(tongue.text(workshop.title))}{_people(picture, workshop, tongue)}</h2>")
        cards = [
            card(picture, unit, tongue, stale=fresh.stale, age_s=fresh.age_s)
            for unit in picture.plant.file.units
            if unit.workshop == workshop.name
        ]
        parts.append(f"<div class='ps-grid'>{''.join(cards)}</div>")
    st.html(f"<div class='ps'>{''.join(parts)}</div>")


def _people(picture: Picture, workshop: Workshop, tongue: Tongue) -> str:
    """People in each partition against the most that may be there."""
    counts = []
    for partition in workshop.partitions:
        row = picture.plant.points.row[partition.head_count]
        value, status = float(picture.frame.value[row]), int(picture.frame.status[row])
        text = f"{number(value, 0)}/{partition.head_count_max} {quality_mark(status, tongue)}"
        if value > partition.head_count_max:
            text = f"<b>{text} {tongue('too many')}</b>"
        counts.append(f"{escape(tongue.text(partition.title))} {text}")
    if not counts:
        return ""
    return f" <span class='ps ps-quiet' style='font-weight:400'>{tongue('people')}: {' · '.join(counts)}</span>"

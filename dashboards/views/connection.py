"""Is the picture whole? Sources, heartbeats, ages, scans lost, the last scan, the files."""

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st

from dashboards import panel
from dashboards.components.events import event_word
from dashboards.components.glyph import mark
from dashboards.language import Tongue
from dashboards.numbers import decimals, duration, local, number, with_eu
from dashboards.picture import Picture
from dashboards.visit import picture_or_stop, visit_or_stop
from plantsafe.errors import PlantsafeError
from plantsafe.frame import is_bad, is_good
from plantsafe.history.reader import HistoryReader
from plantsafe.store.record import RecordReader

_KINDS = ("scans_lost", "scan_late", "service_started", "service_stopped", "restart_difference", "clock_step")
_SHOWN = 12  # newest events about the service (site default)


def show() -> None:
    """The page."""
    tongue = visit_or_stop().tongue
    panel.top()
    panel.title(tongue("Connection"))
    _sources()
    _record()


@st.fragment(run_every=panel.REFRESH_S)
def _sources() -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    heads = (
        tongue("Source"),
        tongue("State"),
        tongue("Age"),
        tongue("Heartbeat"),
        tongue("Stands still for"),
        tongue("Good"),
        tongue("Doubtful"),
        tongue("Bad"),
        tongue("Read time"),
        tongue("Received"),
        tongue("Reconnections"),
        tongue("Clock difference"),
        tongue("Would let us write"),
        tongue("Certificate"),
    )
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    rows = "".join(_source_row(picture, i, tongue) for i in range(len(picture.plant.file.sources)))
    st.html(f"<h2>{tongue('Sources')}</h2><table class='ps'><tr>{head}</tr>{rows}</table>")


def _source_row(picture: Picture, i: int, tongue: Tongue) -> str:
    plant, frame = picture.plant, picture.frame
    entry, rows = plant.file.sources[i], plant.sources.points[i]
    active = {c.name: bool(a) for c, a in zip(picture.conditions, picture.live["active"].tolist(), strict=False)}
    if active.get(f"{entry.name}.lost"):
        state = f"{mark('×', '')} {tongue('lost')}"
    elif active.get(f"{entry.name}.frozen"):
        state = f"{mark('?', '')} {tongue('frozen')}"
    else:
        state = tongue("connected")
    still = picture.live.get("sources.still_scans")
    status = frame.status[rows]
    good, bad = int(np.count_nonzero(is_good(status))), int(np.count_nonzero(is_bad(status)))
    beat = number(float(frame.value[plant.sources.heartbeat[i]]), 0)
    period_s = plant.file.scan_period_s
    cells = (
        f"<b>{escape(entry.name)}</b> {escape(tongue.text(entry.title))} "
        f"<span class='ps-quiet'>{entry.protocol} {escape(entry.endpoint)}</span>",
        state,
        duration(float(picture.source_age_scans[i]) * period_s),
        f"{escape(entry.heartbeat)} {beat}",
        duration(float(still[i] * plant.sources.every_scans[i]) * period_s) if still is not None else "",
        str(good),
        str(len(rows) - good - bad),
        str(bad),
        *_work(picture, i),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _work(picture: Picture, i: int) -> Iterator[str]:
    """What the source says of its own work in this scan; empty where it has no such figure, a dash where unknown."""
    plant = picture.plant
    for name in ("read_time", "received", "reconnects", "clock_offset", "writable_points", "certificate_days"):
        row = int(plant.watch.of(name)[i])
        if row < 0:
            yield ""
            continue
        point = plant.entries[row]
        yield escape(with_eu(number(float(picture.frame.value[row]), decimals(point.resolution)), point.eu))


def _service(picture: Picture, tongue: Tongue) -> Iterator[tuple[str, str]]:
    """What the service says of itself, by the titles of those points."""
    for row in picture.plant.watch.own.tolist():
        point = picture.plant.entries[row]
        figure = number(float(picture.frame.value[row]), decimals(point.resolution))
        yield tongue.text(point.title), with_eu(figure, point.eu)


@st.cache_data(ttl=10, max_entries=4, show_spinner=False)
def _counts(folder: str) -> tuple[int, int, int, int]:
    """First and last scan of the record, how many there are, and the size of the file in bytes."""
    with HistoryReader(Path(folder)) as history:
        size = sum(p.stat().st_size for p in Path(folder).glob("*.db*"))
        return history.first_number(), history.last_number(), history.scan_count(), size


@st.fragment(run_every=10 * panel.REFRESH_S)
def _record() -> None:
    visit = visit_or_stop()
    picture, tongue = picture_or_stop(visit), visit.tongue
    try:
        first, last, count, size = _counts(str(visit.folder))
    except PlantsafeError as error:
        panel.cannot_read(error, tongue)
        return
    lines = (
        (tongue("Last scan"), f"{last} · {local(picture.frame.time_ns, picture.zone, '%Y-%m-%d %H:%M:%S')}"),
        (tongue("Scans in the record"), f"{count} ({first} … {last})"),
        (tongue("Scan numbers without a scan"), str(max(0, last - first + 1 - count)) if count else "0"),
        (tongue("Scan period"), f"{picture.plant.file.scan_period_s:g} s"),
        (tongue("Clock"), tongue("live") if visit.clock.live else f"{tongue('simulated')} ×{visit.clock.rate:g}"),
        (tongue("Plant file"), f"{picture.plant.hash[:16]} · {picture.plant.file.author}"),
        (tongue("Record"), f"{size / 1e6:.1f} MB"),
        *_service(picture, tongue),
    )
    rows = "".join(f"<tr><td class='ps-quiet'>{escape(k)}</td><td>{escape(v)}</td></tr>" for k, v in lines)
    st.html(f"<h2>{tongue('Record')}</h2><table class='ps' style='width:auto'>{rows}</table>{_events(picture, tongue)}")


def _events(picture: Picture, tongue: Tongue) -> str:
    """The newest events about the service itself."""
    with RecordReader(visit_or_stop().folder) as reader:
        events = list(reader.events(kinds=_KINDS, newest=_SHOWN))
    rows = "".join(
        f"<tr><td>{local(e.time_ns, picture.zone, '%Y-%m-%d %H:%M:%S')}</td><td>{e.scan}</td>"
        f"<td>{escape(event_word(e.kind, tongue))}</td><td class='ps-quiet'>{escape(_particulars(e.body))}</td></tr>"
        for e in events
    )
    return f"<h2>{tongue('Service')}</h2><table class='ps' style='width:auto'>{rows}</table>" if rows else ""


def _particulars(body: str) -> str:
    return ", ".join(f"{key} {value}" for key, value in json.loads(body).items() if key not in ("plant", "engine"))

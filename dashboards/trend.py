"""Curves of a unit's points: read from the record, thinned so that every peak stays, drawn with their limits."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.components.glyph import COLOURS
from dashboards.language import Tongue
from dashboards.settings import BACKGROUND, LINE, PANEL, QUIET, TEXT
from plantsafe.frame import F8, I8, is_good
from plantsafe.history.picture import drawn
from plantsafe.history.reader import HistoryReader
from plantsafe.history.window import Window
from plantsafe.plant import Plant

COLUMNS = 600  # pixels of a chart; up to 4 samples are drawn in each (site default)


@dataclass(frozen=True, slots=True)
class Curve:
    """Samples of a point in the order of their scans: times_ns, value (n,); a NaN breaks the line."""

    times_ns: I8
    value: F8


@dataclass(frozen=True, slots=True)
class Curves:
    """Good values of each point, and the doubtful ones. last_ns: of the newest scan, 0 without any."""

    good: tuple[Curve, ...]
    doubtful: tuple[Curve, ...]
    last_ns: int


def read_curves(folder: Path, points: tuple[str, ...], first: int, last: int) -> Curves:
    """Values of `points` in scans first..last, joined by name over changes of the plant, thinned for a picture."""
    with HistoryReader(folder) as history:
        window = history.window(points, first, last)
    good = is_good(window.status)
    return Curves(
        tuple(_curve(window, value) for value in np.where(good, window.value, np.nan).T),
        tuple(_curve(window, value) for value in np.where(good, np.nan, window.value).T),
        int(window.time_ns[-1]) if len(window.time_ns) else 0,
    )


def _curve(window: Window, value: F8) -> Curve:
    rows, begins = drawn(window.number, value, COLUMNS)
    if not len(rows):
        return Curve(window.time_ns[:0], value[:0])
    broken = np.searchsorted(rows, begins[1:])  # a row of nothing just after the last one before the hole
    times = window.time_ns[rows]
    return Curve(np.insert(times, broken, times[broken - 1] + 1), np.insert(value[rows], broken, np.nan))


def figure(plant: Plant, rows: tuple[int, ...], curves: Curves, zone: ZoneInfo, tongue: Tongue) -> go.Figure:
    """One small chart a point, one time axis; a limit that was passed takes the colour of its priority."""
    chart = make_subplots(rows=max(1, len(rows)), cols=1, shared_xaxes=True, vertical_spacing=0.05)
    shift_ns = _offset_ns(curves.last_ns, zone)
    for i, row in enumerate(rows, start=1):
        point = plant.entries[row]
        for curve, style in ((curves.good[i - 1], "solid"), (curves.doubtful[i - 1], "dot")):
            if len(curve.value):
                chart.add_trace(
                    go.Scatter(
                        x=(curve.times_ns + shift_ns).astype("datetime64[ns]"),
                        y=curve.value,
                        mode="lines",
                        connectgaps=False,
                        line={"color": TEXT if style == "solid" else QUIET, "width": 1.3, "dash": style},
                        showlegend=False,
                        name=point.name,
                    ),
                    row=i,
                    col=1,
                )
        for alarm in plant.file.alarms:
            if alarm.point == point.name:
                high = alarm.direction in ("H", "HH")
                seen = curves.good[i - 1].value
                beyond = bool((seen >= alarm.limit).any() if high else (seen <= alarm.limit).any())
                chart.add_hline(
                    y=alarm.limit,
                    line={"color": COLOURS[alarm.priority] if beyond else QUIET, "width": 1.4, "dash": "dash"},
                    annotation={"text": f"{alarm.direction} {alarm.limit:g}", "font": {"size": 11, "color": TEXT}},
                    annotation_position="top left" if alarm.direction in ("H", "L") else "top right",
                    row=i,
                    col=1,
                )
        title = f"{point.name} {tongue.text(point.title)}" + (f", {point.eu}" if point.eu else "")
        chart.add_annotation(
            text=title,
            xref="x domain",
            yref="y domain",
            x=0,
            y=1.16,
            showarrow=False,
            row=i,
            col=1,
            font={"size": 12, "color": TEXT},
            xanchor="left",
        )
    chart.update_xaxes(gridcolor=LINE, linecolor=LINE, tickfont={"color": TEXT}, tickformat="%H:%M:%S")
    chart.update_yaxes(gridcolor=LINE, zeroline=False, tickfont={"color": TEXT}, nticks=5)
    chart.update_layout(
        height=60 + 165 * len(rows),
        margin={"l": 55, "r": 15, "t": 30, "b": 30},
        paper_bgcolor=BACKGROUND,
        plot_bgcolor=PANEL,
        hovermode="x",
        font={"family": "Noto Sans, Noto Sans CJK SC, sans-serif"},
    )
    return chart


def _offset_ns(time_ns: int, zone: ZoneInfo) -> int:
    """What the site's time is ahead of UTC: charts know no time zones."""
    delta = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).astimezone(zone).utcoffset()
    return round(delta.total_seconds() * 1e9) if delta is not None else 0

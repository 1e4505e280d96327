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
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant

BUCKETS = 600  # two values each: about 2 points a pixel on a chart 600 pixels wide (site default)
_GAP_SCANS = 3  # more scans than this missing: the line is broken (site default)


@dataclass(frozen=True, slots=True)
class Curves:
    """times_ns (n,), value and doubtful (n, n_points): good values and others; NaN where there is none."""

    times_ns: I8
    value: F8
    doubtful: F8


def read_curves(folder: Path, points: tuple[str, ...], first: int, last: int) -> Curves:
    """Values of `points` in scans first..last, joined by name over changes of the plant, at most 2 a bucket."""
    step = max(1, -(-(last - first + 1) // BUCKETS))
    with HistoryReader(folder) as history:
        window = history.window(points, first, last)
    if not len(window.number):
        return Curves(window.time_ns, window.value, window.value)
    gap = np.diff(window.number, prepend=window.number[0]) > _GAP_SCANS
    turn = np.diff((window.number - first) // step, prepend=-1) != 0
    begins = np.flatnonzero(turn | gap)
    ends = np.append(begins[1:], len(window.number)) - 1
    good = is_good(window.status)
    value = _thinned(np.where(good, window.value, np.nan), begins, ends)
    doubtful = _thinned(np.where(good, np.nan, window.value), begins, ends)
    times = np.stack([window.time_ns[begins], window.time_ns[ends]], axis=1).ravel()
    single = np.repeat(begins == ends, 2) & (np.arange(2 * len(begins)) % 2 == 1)
    broken = np.flatnonzero(gap[begins]) * 2  # a row of nothing just after the last scan before the hole
    nothing = np.full((len(broken), len(points)), np.nan)
    return Curves(
        np.insert(times, broken, times[broken - 1] + 1)[~np.insert(single, broken, False)],
        np.insert(value, broken, nothing, axis=0)[~np.insert(single, broken, False)],
        np.insert(doubtful, broken, nothing, axis=0)[~np.insert(single, broken, False)],
    )


def _thinned(value: F8, begins: I8, ends: I8) -> F8:
    """(2 m, k) smallest and largest value of each stretch begins..ends of (n, k), in the order in which they came."""
    n = len(value)
    low = np.fmin.reduceat(value, begins)
    high = np.fmax.reduceat(value, begins)
    row = np.repeat(np.arange(len(begins)), ends - begins + 1)
    at = np.arange(n)[:, None]
    down = np.minimum.reduceat(np.where(value == low[row], at, n), begins)
    up = np.minimum.reduceat(np.where(value == high[row], at, n), begins)
    pairs = np.stack([np.where(down <= up, low, high), np.where(down <= up, high, low)], axis=1)
    thin: F8 = pairs.reshape(2 * len(begins), value.shape[1])
    return thin


def figure(plant: Plant, rows: tuple[int, ...], curves: Curves, zone: ZoneInfo, tongue: Tongue) -> go.Figure:
    """One small chart a point, one time axis; a limit that was passed takes the colour of its priority."""
    chart = make_subplots(rows=max(1, len(rows)), cols=1, shared_xaxes=True, vertical_spacing=0.05)
    shift_ns = _offset_ns(int(curves.times_ns[-1]), zone) if len(curves.times_ns) else 0
    x = (curves.times_ns + shift_ns).astype("datetime64[ns]")
    for i, row in enumerate(rows, start=1):
        point = plant.entries[row]
        for values, style in ((curves.value, "solid"), (curves.doubtful, "dot")):
            if not np.isnan(values[:, i - 1]).all():
                chart.add_trace(
                    go.Scatter(
                        x=x,
                        y=values[:, i - 1],
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
                seen = curves.value[:, i - 1]
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

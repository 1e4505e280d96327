"""Reading samples back from InfluxDB by InfluxQL over /query: versions 1, 2 (by its database mapping), 3.

What comes back has the form of our own reader, so that a page can use either. A server that answers something else
than was asked (VictoriaMetrics answers any statement with a list of databases) is an error, not an empty answer.
"""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from plantsafe.errors import StoreError
from plantsafe.frame import BAD, BAD_NO_DATA, F8, U4
from plantsafe.history.buckets import Buckets, bucket_edges
from plantsafe.history.forwarder import TOKEN, historian_of
from plantsafe.history.window import Window

TIMEOUT_S = 60.0  # of one query (site default)
_GOOD_BELOW = 0x40000000


class InfluxReader:
    """The bucket of `http://HOST:PORT/ORG/BUCKET`; the token comes from the environment."""

    def __init__(self, where: str) -> None:
        self._url, _org, self._database = historian_of(where)
        self._policy = ""
        if "/" in self._database:
            self._database, self._policy = self._database.split("/", 1)

    def between(self, points: Sequence[str], from_ns: int, to_ns: int) -> Window:
        """All scans of `points` in [from_ns, to_ns); a point that a scan does not have is NaN and BadNoData."""
        wanted = f"time >= {from_ns:d} AND time < {to_ns:d} AND {_named(points)}"
        rows: dict[int, int] = {}
        found: list[tuple[str, list[Any]]] = []
        for tags, values in self._series(f"SELECT scan, v, status FROM pv WHERE {wanted} GROUP BY point"):  # noqa: S608  # quoted by _named
            found.append((tags["point"], values))
            rows |= {int(row[1]): int(row[0]) for row in values}
        number = np.array(sorted(rows), dtype=np.int64)
        at = {scan: i for i, scan in enumerate(number.tolist())}
        value = np.full((len(number), len(points)), np.nan)
        status = np.full((len(number), len(points)), BAD_NO_DATA, dtype=np.uint32)
        for point, values in found:
            column = points.index(point)
            for _time, scan, v, code in values:
                value[at[scan], column] = np.nan if v is None else v
                status[at[scan], column] = code
        time_ns = np.array([rows[scan] for scan in number.tolist()], dtype=np.int64)
        return Window(number=number, time_ns=time_ns, value=value, status=status)

    def latest(self, points: Sequence[str]) -> tuple[F8, U4]:
        """Newest value and status of each point."""
        value, status = np.full(len(points), np.nan), np.full(len(points), BAD_NO_DATA, dtype=np.uint32)
        statement = f"SELECT scan, v, status FROM pv WHERE {_named(points)} GROUP BY point ORDER BY time DESC LIMIT 1"  # noqa: S608  # quoted by _named
        for tags, ((_time, _scan, v, code), *_) in self._series(statement):
            column = points.index(tags["point"])
            value[column], status[column] = np.nan if v is None else v, code
        return value, status

    def buckets(self, points: Sequence[str], from_ns: int, to_ns: int, n: int) -> Buckets:
        """As `plantsafe.history.buckets.read_buckets`, computed by the server."""
        edges = bucket_edges(from_ns, to_ns, n)
        width = int(edges[1] - edges[0])
        wanted = f"time >= {edges[0]:d} AND time < {edges[-1]:d} AND {_named(points)}"
        group = f"GROUP BY time({width:d}ns, {edges[0] % width:d}ns), point fill(none)"
        shape = (len(edges) - 1, len(points))
        count, good = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        low, high, mean, last = (np.full(shape, np.nan) for _ in range(4))
        worst = np.zeros(shape, dtype=np.uint32)
        figures = "count(v), min(v), max(v), mean(v), last(v), max(status), last(status)"
        for tags, values in self._series(f"SELECT {figures} FROM pv WHERE {wanted} {group}"):  # noqa: S608  # quoted by _named
            column = points.index(tags["point"])
            for time_ns, n_values, *rest in values:
                row = (int(time_ns) - int(edges[0])) // width
                count[row, column] = n_values or 0
                least, most, middle, newest, code, newest_code = (np.nan if one is None else one for one in rest)
                low[row, column], high[row, column], mean[row, column] = least, most, middle
                last[row, column] = np.nan if newest_code >= BAD else newest
                worst[row, column] = int(code)
        statement = f"SELECT count(v) FROM pv WHERE {wanted} AND status < {_GOOD_BELOW:d} {group}"  # noqa: S608  # quoted by _named
        for tags, values in self._series(statement):
            for time_ns, n_values in values:
                good[(int(time_ns) - int(edges[0])) // width, points.index(tags["point"])] = n_values
        return Buckets(
            edges_ns=edges, count=count, good=good, low=low, high=high, mean=mean, last=last, worst=worst
        )  # fmt: skip

    def _series(self, statement: str) -> Iterator[tuple[dict[str, str], list[Any]]]:
        """Tags and rows of each series, in parts as the server sends them."""
        words = {"db": self._database, "q": statement, "epoch": "ns", "chunked": "true"}
        if self._policy:
            words["rp"] = self._policy
        request = urllib.request.Request(f"{self._url}/query?{urllib.parse.urlencode(words)}")  # noqa: S310  # http or https, see historian_of
        if token := os.environ.get(TOKEN):
            request.add_header("Authorization", f"Token {token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # the same
                for line in answer:
                    yield from _parts(json.loads(line))
        except (OSError, ValueError) as error:
            raise StoreError(
                f"the historian at {self._url} does not answer a query ({error})",
                mend="check address, token and bucket",
            ) from error


def _parts(said: Any) -> Iterator[tuple[dict[str, str], list[Any]]]:
    for result in said.get("results", []):
        if "error" in result:
            raise ValueError(result["error"])
        for series in result.get("series", []):
            if series.get("name") != "pv" or "point" not in series.get("tags", {}):
                raise ValueError("it answered something else than was asked; is it an InfluxDB?")
            yield series["tags"], series["values"]


def _named(points: Sequence[str]) -> str:
    """The condition for some points, quoted as InfluxQL wants it."""
    quoted = (name.replace("\\", "\\\\").replace("'", "\\'") for name in points)
    return "(" + " OR ".join(f"\"point\" = '{name}'" for name in quoted) + ")"

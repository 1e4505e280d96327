"""`plantsafe history`: the stored samples, taken out, counted, checked, stepped again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plantsafe.cli.history_care import backup, repair, verify
from plantsafe.cli.period import span_ns
from plantsafe.errors import RequestError, StoreError

if TYPE_CHECKING:
    from plantsafe.history.reader import HistoryReader

Data = Annotated[Path, typer.Option(help="folder of the record")]
Points = Annotated[str, typer.Option(help="names of points with commas between; T-* and ? stand for more")]
Begin = Annotated[str, typer.Option("--from", help="site's time as 2026-11-23T08:00; a day before --to without it")]
End = Annotated[str, typer.Option("--to", help="site's time; the newest scan without it")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The stored samples.", no_args_is_help=True)
    app.add_typer(group, name="history")
    for command in (export, stats, gaps, backup, verify, repair, replay):
        group.command()(command)


def export(
    data: Data,
    out: Annotated[Path, typer.Option(help="file to write: .csv, .parquet or .xlsx")],
    points: Points = "*",
    begin: Begin = "",
    end: End = "",
    long: Annotated[bool, typer.Option("--long", help="a row a scan and point instead of a column a point")] = False,
    actor: Annotated[str, typer.Option("--as", help="who takes them, for the journal")] = "",
) -> None:
    """Samples of a span as a table, with UTC, the site's time and a status for each."""
    from plantsafe.cli.noted import note
    from plantsafe.history.export import Wanted
    from plantsafe.history.export import export as write
    from plantsafe.history.reader import HistoryReader
    from plantsafe.request import RequestKind

    with HistoryReader(data) as history:
        zone, from_ns, to_ns = span_of(history, begin, end)
        wanted = Wanted(points=_points(history, points), from_ns=from_ns, to_ns=to_ns, zone=zone, long=long)
        scans = write(history, wanted, out)
    note(data, RequestKind.EXPORT, "history", actor, {"scans": scans, "points": len(wanted.points)})
    typer.echo(f"{scans} scans of {len(wanted.points)} points in {out}")


def stats(data: Data, points: Points = "*", begin: Begin = "", end: End = "") -> None:
    """For each point how many values, how many Good, lowest, highest, mean, bytes; and the files."""
    from plantsafe.history.reader import HistoryReader
    from plantsafe.history.stats import stats_of

    with HistoryReader(data) as history:
        _, from_ns, to_ns = span_of(history, begin, end)
        found = stats_of(history, _points(history, points), from_ns, to_ns)
    typer.echo(f"{_utc(found.from_ns)} to {_utc(found.to_ns)}: {found.scans} scans")
    typer.echo(f"{'point':24s} {'values':>9s} {'good %':>7s} {'low':>12s} {'high':>12s} {'mean':>12s} {'bytes':>10s}")
    for p in found.points:
        typer.echo(
            f"{p.name:24s} {p.count:9d} {p.good_percent:7.2f} {p.low:12.6g} {p.high:12.6g} {p.mean:12.6g} "
            f"{p.stored_bytes:10d}" + (f"  samples within {p.within:g}" if p.within else "")
        )
    for f in found.files:
        span = f"  {_utc(f.first_ns)} to {_utc(f.last_ns)}" if f.last_ns else ""
        what = f"{f.size_bytes:12d} bytes" if f.there else "not in the folder"
        typer.echo(f"{f.name:14s} {what:>18s}  scans {f.first} to {f.last}{span}")


def gaps(data: Data) -> None:
    """Scans that were lost and why, files that are gone, scans that began late."""
    from plantsafe.history.gaps import late_scans, named_gaps
    from plantsafe.history.reader import HistoryReader

    with HistoryReader(data) as history:
        holes, late = named_gaps(history), list(late_scans(history))
    for hole in holes:
        typer.echo(f"scans {hole.first} to {hole.last} ({hole.last - hole.first + 1}): {hole.reason}")
    for scan in late:
        typer.echo(f"scan {scan.number} at {_utc(scan.time_ns)}: began {scan.late_ms} ms late")
    typer.echo(f"{sum(hole.last - hole.first + 1 for hole in holes)} scans are not there, {len(late)} began late")


def replay(data: Data) -> None:
    """Step every recorded frame again; the transitions must be those of the journal."""
    from plantsafe.history.reader import HistoryReader
    from plantsafe.scan.replay import replay as step_again

    with HistoryReader(data) as history:
        result = step_again(history)
    for difference in result.differences[:20]:
        typer.echo(difference)
    if result.differences:
        raise StoreError(
            f"{len(result.differences)} of {result.scans} scans differ from the journal", mend="see the lines above"
        )
    typer.echo(f"{result.scans} scans stepped again: {result.events} events, all as recorded")
    for line in result.unlike[:20]:
        typer.echo(line)
    typer.echo(f"causes and effects: {result.trips} effects asked for, {len(result.unlike)} differences")


def span_of(history: "HistoryReader", begin: str, end: str) -> tuple[str, int, int]:
    """The site's zone and the span asked for."""
    from plantsafe.plant import plant_of_document

    newest, latest = history.record.newest_plant(), history.record.latest()
    if newest is None or latest is None:
        raise StoreError(f"{history.folder} holds no scan", mend="let the scan service run first")
    zone = plant_of_document(newest[1]).file.site.timezone
    return zone, *span_ns(begin, end, zone, latest.frame.time_ns)


def _points(history: "HistoryReader", text: str) -> tuple[str, ...]:
    """The points that are meant, in the order of the plant file; those of older plant files by their whole name."""
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    known = history.points(history.plant_at(history.last_number()))
    chosen: dict[str, None] = {}
    for word in (part.strip() for part in text.split(",")):
        found = [name for name in known if fnmatchcase(name, word)]
        if not found and word in history.names():
            found = [word]
        if not found:
            near = get_close_matches(word, known, n=1)
            raise RequestError(
                f"there is no point {word!r}", mend=f"did you mean {near[0]!r}?" if near else "see the plant file"
            )
        chosen |= dict.fromkeys(found)
    return tuple(chosen)


def _utc(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}Z"

"""`plantsafe windows`: excursions from the safe operating windows in a period."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from plantsafe.errors import RequestError, StoreError

if TYPE_CHECKING:
    from plantsafe.checks.excursions import Account, Excursion


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(windows)


def windows(
    data: Annotated[Path, typer.Option(help="folder of the record")],
    begin: Annotated[str, typer.Option("--from", help="site's time as 2026-11-23T08:00; a day before --to")] = "",
    end: Annotated[str, typer.Option("--to", help="site's time; the newest scan without it")] = "",
    out: Annotated[Path | None, typer.Option(help="file to write instead: .csv or .json")] = None,
) -> None:
    """Values outside the safe operating window of their phase: excursions, and minutes a phase and batch."""
    from plantsafe.checks.excursions import KINDS, accounts, excursions
    from plantsafe.cli.history import span_of
    from plantsafe.history.reader import HistoryReader
    from plantsafe.plant import plant_of_document

    with HistoryReader(data) as history:
        zone, from_ns, to_ns = span_of(history, begin, end)
        newest = history.record.newest_plant()
        assert newest is not None  # noqa: S101  # the span was found in its scans
        period_ns = plant_of_document(newest[1]).period_ns
        events = [event for event in history.record.events(kinds=KINDS) if event.time_ns < to_ns]
    left = excursions(events, period_ns, from_ns, to_ns)
    sums = accounts(events, period_ns, from_ns, to_ns)
    if out is not None:
        _write(out, left, sums)
        typer.echo(f"{len(left)} excursions in {out}")
        return
    for line in _lines(left, sums, ZoneInfo(zone)):
        typer.echo(line)


def _lines(left: "Sequence[Excursion]", sums: "Sequence[Account]", zone: ZoneInfo) -> Iterator[str]:
    yield f"{'unit':8s} {'point':10s} {'phase':12s} {'window':>16s} {'worst':>9s} {'outside':>9s} {'not judged':>10s}"
    for one in left:
        window = f"{_limit(one.low)} … {_limit(one.high)}"
        lasts = "still outside" if one.outside_s is None else f"{_minutes(one.outside_s)} {_minutes(one.not_judged_s)}"
        yield (
            f"{one.unit:8s} {one.point:10s} {one.phase:12s} {window:>16s} {_limit(one.worst):>9s} {lasts:>20s}  "
            f"from {_when(one.began_ns, zone)}" + (f" to {_when(one.ended_ns, zone)}" if one.ended_ns else "")
        )
    yield f"{len(left)} excursions"
    totals: dict[tuple[str, int | None, str, str], list[float]] = {}
    for part in sums:
        total = totals.setdefault((part.unit, part.batch_scan, part.phase, part.point), [0.0, 0.0])
        total[0] += part.outside_s
        total[1] += part.not_judged_s
    for (unit, batch, phase, point), (outside_s, unjudged_s) in totals.items():
        if outside_s or unjudged_s:
            told = "unseen beginning" if batch is None else f"scan {batch}"
            yield (
                f"{unit} batch from {told}, {phase}, {point}: {_minutes(outside_s).strip()} outside, "
                f"{_minutes(unjudged_s).strip()} not judged"
            )
    calm = sum(1 for total in totals.values() if not any(total))
    yield f"{len(totals)} windows of phases that ended (or met midnight) in the period, {calm} of them without a minute"


def _limit(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _minutes(seconds: float | None) -> str:
    return f"{(seconds or 0.0) / 60.0:7.1f} min"


def _when(time_ns: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(time_ns / 1e9, zone):%Y-%m-%d %H:%M:%S}"


def _write(out: Path, left: "Sequence[Excursion]", sums: "Sequence[Account]") -> None:
    rows: list[dict[str, Any]] = [asdict(one) for one in left]
    match out.suffix.lower():
        case ".json":
            whole = {"excursions": rows, "accounts": [asdict(one) for one in sums]}
            text = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
        case ".csv":
            from plantsafe.checks.excursions import Excursion

            buffer = io.StringIO()
            writer = csv.DictWriter(buffer, list(Excursion.__dataclass_fields__), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            text = buffer.getvalue()
        case _:
            raise RequestError(f"{out.name} is neither .csv nor .json", mend="name the file so")
    try:
        out.write_text(text, encoding="utf-8-sig" if out.suffix.lower() == ".csv" else "utf-8")
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", mend="give a path in a folder") from error

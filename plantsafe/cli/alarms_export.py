"""`plantsafe alarms export`: alarm events with the names of OPC UA Part 9."""

from pathlib import Path
from typing import Annotated

import typer

from plantsafe.errors import RequestError, StoreError


def export(
    data: Annotated[Path, typer.Option(help="folder of the record")],
    out: Annotated[Path, typer.Option(help="file to write: .json or .csv")],
    begin: Annotated[str, typer.Option("--from", help="site's time as 2026-11-23T08:00; a day before --to")] = "",
    end: Annotated[str, typer.Option("--to", help="site's time; the newest scan without it")] = "",
) -> None:
    """Alarm events as OPC UA Part 9 names them: ActiveState, AckedState, ShelvingState, Retain and so on."""
    from plantsafe.alarms.part9 import KINDS, as_csv, as_json, part9_rows
    from plantsafe.cli.history import span_of
    from plantsafe.history.reader import HistoryReader
    from plantsafe.plant import plant_of_document

    forms = {".json": as_json, ".csv": as_csv}
    if out.suffix not in forms:
        raise RequestError(f"{out.name} is neither .json nor .csv", mend="give --out alarms.json or alarms.csv")
    with HistoryReader(data) as history:
        _, from_ns, to_ns = span_of(history, begin, end)
        described = history.record.newest_plant()
        assert described is not None  # noqa: S101  # the span was found in its scans
        events = history.record.events(kinds=KINDS, from_ns=from_ns)
        rows = list(part9_rows((e for e in events if e.time_ns < to_ns), plant_of_document(described[1])))
    try:
        out.write_text(forms[out.suffix](rows), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", mend="give a path in a folder") from error
    typer.echo(f"{len(rows)} alarm events in {out}")

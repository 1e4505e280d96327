"""`plantsafe summary`: the compliance summary of a period as PDF, JSON or CSV."""

import time
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.cli.period import moment_ns
from plantsafe.errors import RequestError, StoreError

HOUR_NS = 3_600_000_000_000


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def summary(
        data: Annotated[Path, typer.Option(help="folder of the record")],
        out: Annotated[Path, typer.Option(help="file to write: .pdf, .json or .csv")],
        begin: Annotated[
            str, typer.Option("--from", help="local time of the site; 24 h before the end without it")
        ] = "",
        end: Annotated[str, typer.Option("--to", help="local time of the site; the newest scan without it")] = "",
        language: Annotated[str, typer.Option(help="en or zh")] = "en",
        actor: Annotated[str, typer.Option("--as", help="who makes it, for the journal")] = "",
    ) -> None:
        """Write the compliance summary of a period, from the record alone."""
        from plantsafe.cli.noted import note
        from plantsafe.compliance.export import render_csv, render_json
        from plantsafe.compliance.render_pdf import render_pdf
        from plantsafe.compliance.summary import summarise
        from plantsafe.history.reader import HistoryReader
        from plantsafe.plant import plant_of_document
        from plantsafe.request import RequestKind

        with HistoryReader(data) as history:
            newest, latest = history.record.newest_plant(), history.record.latest()
            if newest is None or latest is None:
                raise StoreError(f"{data} holds no scan", mend="let the scan service run first")
            plant = plant_of_document(newest[1])
            zone = plant.file.site.timezone
            to_ns = moment_ns(end, zone, "--to") if end else latest.frame.time_ns + plant.period_ns
            from_ns = moment_ns(begin, zone, "--from") if begin else to_ns - 24 * HOUR_NS
            found = summarise(history, plant, from_ns=from_ns, to_ns=to_ns)
        made_ns = time.time_ns()
        match out.suffix.lower():
            case ".pdf":
                content = render_pdf(found, language=language, made_ns=made_ns)
            case ".json":
                content = render_json(found, made_ns=made_ns)
            case ".csv":
                content = render_csv(found, made_ns=made_ns)
            case other:
                raise RequestError(
                    f"no summary is written as {other or 'a file without an ending'}",
                    mend="end the name in .pdf, .json or .csv",
                )
        try:
            out.write_bytes(content)
        except OSError as error:
            raise StoreError(
                f"{out} cannot be written: {error.strerror}", mend="give a folder that can be written"
            ) from None
        hours = round((to_ns - from_ns) / HOUR_NS)
        note(data, RequestKind.REPORT, f"summary {out.suffix.lower().strip('.')}", actor, {"hours": hours})
        typer.echo(f"{out}: {len(content)} bytes")

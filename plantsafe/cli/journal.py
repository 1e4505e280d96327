"""`plantsafe journal`: show the events of a record and verify their chain."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.errors import DamagedFileError

Data = Annotated[Path, typer.Option(help="folder of the record")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="The journal: what happened, chained so that no byte changes unseen.", no_args_is_help=True
    )
    app.add_typer(group, name="journal")

    @group.command()
    def verify(data: Data) -> None:
        """Walk the whole chain; names the first row that does not hold."""
        from plantsafe.journal.chain import verify as verify_chain
        from plantsafe.store.record import RecordReader

        with RecordReader(data) as reader:
            found = verify_chain(reader.raw_events())
        if found.bad_row is not None:
            raise DamagedFileError(
                f"the journal holds up to row {found.rows}; row {found.bad_row} is bad: {found.reason}",
                mend="keep the file as it is, and compare it with the last copy that verified",
            )
        typer.echo(f"{found.rows} events verified; head {found.head}")

    @group.command()
    def show(
        data: Data,
        last: Annotated[int, typer.Option(help="how many, newest last")] = 50,
        kind: Annotated[list[str] | None, typer.Option(help="only this kind; may be given again")] = None,
        subject: Annotated[str | None, typer.Option(help="only about this alarm, function or point")] = None,
    ) -> None:
        """Print the newest events."""
        from plantsafe.store.record import RecordReader

        with RecordReader(data) as reader:
            events = list(reader.events(newest=last, kinds=kind or (), subject=subject))
        for event in reversed(events):
            moment = datetime.datetime.fromtimestamp(event.time_ns / 1e9, datetime.UTC)
            typer.echo(
                f"{event.seq:7d}  {moment:%Y-%m-%d %H:%M:%S}Z  scan {event.scan:7d}  {event.kind:22s} "
                f"{event.subject:28s} {event.actor:12s} {event.body}"
            )

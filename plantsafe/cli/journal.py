"""`plantsafe journal`: show, take out and verify the events of a record, and the seals that vouch for them."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plantsafe.cli.journal_seals import archive, seal, seals
from plantsafe.cli.journal_verify import verify

if TYPE_CHECKING:
    from plantsafe.store.record import EventRow

Data = Annotated[Path, typer.Option(help="folder of the record")]
Kind = Annotated[list[str] | None, typer.Option(help="only this kind; may be given again")]
Subject = Annotated[str | None, typer.Option(help="only about this alarm, function or point")]
_LOOK_S = 0.5  # between two looks of `tail` (site default)


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="The journal: what happened, chained so that no byte changes unseen.", no_args_is_help=True
    )
    app.add_typer(group, name="journal")
    for command in (verify, show, tail, export, seals, seal, archive):
        group.command()(command)


def show(
    data: Data,
    last: Annotated[int, typer.Option(help="how many, newest last")] = 50,
    kind: Kind = None,
    subject: Subject = None,
) -> None:
    """Print the newest events."""
    from plantsafe.store.record import RecordReader

    with RecordReader(data) as reader:
        events = list(reader.events(newest=last, kinds=kind or (), subject=subject))
    for event in reversed(events):
        typer.echo(_line(event))


def tail(data: Data, kind: Kind = None, subject: Subject = None) -> None:
    """Print events as they come, until Ctrl-C."""
    import time

    from plantsafe.store.record import RecordReader

    with RecordReader(data) as reader:
        head = reader.head()
        after = head[0] if head is not None else 0
        while True:
            for event in reader.events(after=after, kinds=kind or (), subject=subject):
                typer.echo(_line(event))
                after = event.seq
            time.sleep(_LOOK_S)


def export(
    data: Data,
    out: Annotated[Path, typer.Option(help="file to write: .jsonl, or .jsonl.gz")],
    actor: Annotated[str, typer.Option("--as", help="who takes it, for the journal")] = "",
) -> None:
    """The whole journal with its seals as a file that `verify --export` verifies without the database."""
    from plantsafe.cli.noted import note
    from plantsafe.errors import RequestError
    from plantsafe.journal.chain import begin_of
    from plantsafe.journal.export import write_export
    from plantsafe.journal.kept_seals import kept_seals
    from plantsafe.plant import plant_of_document
    from plantsafe.request import RequestKind
    from plantsafe.store.record import RecordReader

    if not out.name.endswith((".jsonl", ".jsonl.gz")):
        raise RequestError(f"no journal is written as {out.name}", mend="end the name in .jsonl or .jsonl.gz")
    own = kept_seals(data)
    with RecordReader(data) as reader:
        newest = reader.newest_plant()
        site = plant_of_document(newest[1]).file.site.name if newest is not None else ""
        after, previous = begin_of(reader)
        done = write_export(out, reader.raw_events(after=after), site=site, after=after, previous=previous, seals=own)
    note(data, RequestKind.EXPORT, "journal", actor, {"rows": done.last - done.first + 1, "head": done.head})
    typer.echo(f"events {done.first} to {done.last} in {out}, with {done.seals} seals; head {done.head}")


def _line(event: "EventRow") -> str:
    moment = datetime.datetime.fromtimestamp(event.time_ns / 1e9, datetime.UTC)
    return (
        f"{event.seq:7d}  {moment:%Y-%m-%d %H:%M:%S}Z  scan {event.scan:7d}  {event.kind:22s} "
        f"{event.subject:28s} {event.actor:12s} {event.body}"
    )

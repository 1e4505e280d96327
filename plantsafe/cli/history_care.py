"""`plantsafe history backup`, `verify`, `repair`: that what is stored stays."""

from pathlib import Path
from typing import Annotated

import typer

from plantsafe.errors import DamagedFileError

Data = Annotated[Path, typer.Option(help="folder of the record")]


def backup(data: Data, to: Annotated[Path, typer.Option(help="new folder for the copy")]) -> None:
    """Copy everything while it runs, each file as it was at one instant; then look at the copies."""
    from plantsafe.history.backup import backup as copy_all

    _complain(copy_all(data, to, typer.echo), mend="repair what is damaged, and make another backup")
    typer.echo(f"the copy is whole: {to}")


def verify(data: Data) -> None:
    """Look at every byte: files, journal, and that each scan number is there or named as lost."""
    from plantsafe.history.backup import changed_since_backup
    from plantsafe.history.verify import faults
    from plantsafe.journal.chain import verify_record
    from plantsafe.store.record import RecordReader

    with RecordReader(data) as reader:
        chain = verify_record(reader)
    found = [*changed_since_backup(data), *faults(data)]
    if chain.bad_row is not None:
        found.append(f"the journal holds up to row {chain.last}; row {chain.bad_row} is bad: {chain.reason}")
    _complain(found, mend="plantsafe history repair DAY for a day's file; else restore it from a backup")
    typer.echo("all files are whole; every scan is there or named")


def repair(
    day: Annotated[str, typer.Argument(help="as 20261123, the name of its file")],
    data: Data,
    from_backup: Annotated[
        Path | None, typer.Option(help="folder of a backup: what cannot be read, or is gone, is taken from it")
    ] = None,
) -> None:
    """Take a damaged day's file aside and keep what can be read of it; no other file is touched."""
    from plantsafe.history.repair import repair as repair_day

    done = repair_day(data, day, from_backup)
    typer.echo(f"the damaged file is {done.aside}" if done.aside else "there was no file")
    typer.echo(f"kept: {done.kept.rows} rows of {done.kept.stretches} stretches; lost: {done.kept.lost_rows} rows")
    if from_backup is not None:
        typer.echo(f"from the backup: {done.restored[0]} scans and {done.restored[1]} rows of points")
    for hole in done.holes:
        typer.echo(f"scans {hole.first} to {hole.last}: {hole.reason}")


def _complain(found: list[str], *, mend: str) -> None:
    for words in found:
        typer.echo(words)
    if found:
        raise DamagedFileError(f"{len(found)} things are wrong", mend=mend)

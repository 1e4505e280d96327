"""`plantsafe journal seals`, `seal`, `archive`: signed heads, where they went, and sealed years moved out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option(help="folder of the record")]
Key = Annotated[Path | None, typer.Option(help="file of the key; keys/journal.key in the data folder without it")]


def seals(data: Data, last: Annotated[int, typer.Option(help="how many seals, newest last")] = 10) -> None:
    """The newest seals, and how it stands with the places outside."""
    from plantsafe.journal.kept_seals import kept_seals
    from plantsafe.store.seals import SEALS, SealReader

    found = kept_seals(data)
    for one in found[-last:]:
        typer.echo(f"seal {one.number:6d}  {_when(one.scan_ns)}  row {one.seq:8d}  {one.head[:16]}...  {one.why}")
    if not found:
        typer.echo("there is no seal yet")
        return
    typer.echo(f"signed by the key {found[-1].key}")
    if not (data / SEALS).is_file():
        return
    with SealReader(data) as reader:
        places = reader.places()
    for place in places:
        behind = found[-1].number - place.delivered
        typer.echo(
            f"{place.name}: has seal {place.delivered}"
            + (f", {behind} behind" if behind else "")
            + (f"; trouble since {_when(place.since_ns)}: {place.trouble}" if place.trouble else "")
        )
    if not places:
        typer.echo(
            "no place outside is named (seal_places in the plant file): nothing vouches for the journal elsewhere"
        )


def seal(
    data: Data,
    key: Key = None,
    follow: Annotated[bool, typer.Option(help="go on until stopped")] = False,
    parent: Annotated[int, typer.Option(hidden=True)] = 0,
) -> None:
    """Sign the head now; the scan service runs it beside itself with --follow, and then it need not be called."""
    from plantsafe.journal.key import key_path
    from plantsafe.journal.sealing import run_sealer, seal_once

    if follow:
        run_sealer(data, key_path(data, key), parent=parent)
        return
    found = seal_once(data, key_path(data, key))
    typer.echo(
        "the last seal says it already" if found is None else f"seal {found.number}: row {found.seq}, {found.head}"
    )


def archive(
    data: Data,
    before: Annotated[str, typer.Option(help="site's time as 2026-01-01: events before it are moved out")],
    to: Annotated[Path, typer.Option(help="folder for the archive")],
    actor: Annotated[str, typer.Option("--as", help="account that asks")],
) -> None:
    """Move sealed events out of the record into a file that verifies alone; the running service then drops them."""
    raise NotImplementedError


def _when(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S}Z"

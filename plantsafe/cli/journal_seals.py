"""`plantsafe journal seals`, `seal`, `archive`: signed heads, where they went, and sealed years moved out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option(help="folder of the record")]
_VALID_NS = 3_600 * 10**9
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
    import time
    import uuid

    from plantsafe.cli.period import moment_ns
    from plantsafe.errors import RequestError, StoreError
    from plantsafe.journal.archive import write_archive
    from plantsafe.plant import plant_of_document
    from plantsafe.request import MAY, Request, RequestKind
    from plantsafe.store.access import role_of
    from plantsafe.store.inbox import submit
    from plantsafe.store.record import RecordReader

    role = role_of(data, actor)
    if role is None or role not in MAY[RequestKind.ARCHIVE]:
        raise RequestError(f"{actor!r} may not move the journal out", mend="give an account of an admin with --as")
    with RecordReader(data) as reader:
        newest = reader.newest_plant()
        if newest is None:
            raise StoreError(f"{data} holds no plant", mend="let the scan service run first")
        zone, (_, now_ns) = plant_of_document(newest[1]).file.site.timezone, reader.newest_scan()
    done = write_archive(data, to, moment_ns(before, zone, "--before"))
    typer.echo(f"events {done.first} to {done.last} in {done.file}; SHA-256 {done.sha256}")
    body = {
        "first": done.first, "last": done.last, "hash": done.hash, "sha256": done.sha256, "states": done.states,
        "wall_ns": time.time_ns(),
    }  # fmt: skip
    request = Request(
        id=uuid.uuid4().hex, kind=RequestKind.ARCHIVE, subject=done.file.name, occurrence=0, actor=actor, role=role,
        second_actor="", made_ns=now_ns, valid_until_ns=now_ns + _VALID_NS, body=body,
    )  # fmt: skip
    submit(data, request)
    typer.echo("asked the scan service to drop them; see `plantsafe journal show --kind archive`")


def _when(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S}Z"

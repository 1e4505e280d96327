"""`plantsafe cert`: our own certificate, and which servers are let in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plantsafe.errors import SourceError

if TYPE_CHECKING:
    from connectors.opcua.trust_list import Kept

Folder = Annotated[Path, typer.Option("--certificates", help="folder of certificates, as the plant file names it")]
Which = Annotated[str, typer.Argument(help="file name, or 8 or more digits of the SHA-256 fingerprint")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Certificates of OPC UA: our own, and the servers that are trusted.", no_args_is_help=True)
    app.add_typer(group, name="cert")
    group.command()(make)
    group.command()(show)
    group.command(name="list")(_list)
    group.command()(trust)
    group.command()(reject)


def make(
    certificates: Folder,
    renew: Annotated[bool, typer.Option(help="make a new one; the old one is kept aside")] = False,
) -> None:
    """Make this installation's own certificate; the control system's people trust it in their server."""
    from connectors.opcua.certificates import own_identity, set_aside
    from connectors.opcua.trust_list import kept

    there = kept(certificates, "own")
    if there and not renew:
        raise SourceError(
            f"{there[0].file} is there already, until {there[0].ends:%Y-%m-%d}",
            mend="plantsafe cert show; --renew makes a new one, which every server has to trust anew",
        )
    if there:
        typer.echo(f"the old one is kept in {set_aside(certificates)}")
    own_identity(certificates)
    _say(kept(certificates, "own")[0])


def show(certificates: Folder) -> None:
    """Our own certificate: fingerprint, application URI, and until when it holds."""
    from connectors.opcua.trust_list import kept

    there = kept(certificates, "own")
    if not there:
        raise SourceError(
            f"{certificates} holds no certificate of our own", mend="plantsafe cert make, or start the scan service"
        )
    _say(there[0])


def _list(certificates: Folder) -> None:
    """The servers' certificates: those let in, and those that wait for a person or were turned away."""
    from connectors.opcua.trust_list import kept

    there = kept(certificates, "trusted", "rejected")
    for one in there:
        typer.echo(f"{one.place:9s} {one.name or 'without a name':30s} {_term(one)}")
        typer.echo(f"          {one.file.name}")
        typer.echo(f"          SHA-256 {one.fingerprint}")
    if not there:
        typer.echo(f"no server has shown a certificate yet to who uses {certificates}")


def trust(which: Which, certificates: Folder) -> None:
    """Let a server in: compare the fingerprint with the server's own first. Holds from the next attempt to connect."""
    from connectors.opcua.trust_list import trust as let_in

    one = let_in(certificates, which)
    typer.echo(f"trusted: {one.name or one.file.name}\n  SHA-256 {one.fingerprint}\n  {_term(one)}")


def reject(which: Which, certificates: Folder) -> None:
    """Let a server in no more, from the next attempt to connect on."""
    from connectors.opcua.trust_list import reject as turn_away

    one = turn_away(certificates, which)
    typer.echo(f"rejected: {one.name or one.file.name}\n  SHA-256 {one.fingerprint}")


def _say(one: "Kept") -> None:
    typer.echo(f"{one.file}")
    typer.echo(f"  name         {one.name}")
    typer.echo(f"  application  {', '.join(one.applications)}")
    typer.echo(f"  SHA-256      {one.fingerprint}")
    typer.echo(f"  valid        {one.begins:%Y-%m-%d} to {one.ends:%Y-%m-%d}, {_term(one)}")


def _term(one: "Kept") -> str:
    from connectors.opcua.certificates import WARN_DAYS

    if one.days < 0:
        return f"ENDED {one.ends:%Y-%m-%d}"
    return f"{one.days:.0f} days left" + (" - RENEW IT" if one.days < WARN_DAYS else "")

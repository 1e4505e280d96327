"""Exports and reports made on the command line, told to the journal through the inbox."""

import getpass
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from plantsafe.request import RequestKind

_VALID_NS = 366 * 86_400 * 10**9  # told whenever the scan service runs next: what was taken was taken (site default)


def note(data: Path, kind: "RequestKind", subject: str, actor: str, body: dict[str, Any]) -> None:
    """Put it into the inbox of a folder that a service writes; says so where that cannot be done."""
    from plantsafe.errors import PlantsafeError
    from plantsafe.history.backup import LIST
    from plantsafe.request import Request, Role
    from plantsafe.store.access import role_of
    from plantsafe.store.inbox import INBOX, submit

    if not (data / INBOX).is_file() or (data / LIST).is_file():
        return  # no service has run there, or it is a backup, which stays as it was copied
    now_ns = time.time_ns()
    try:
        who = actor or getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        who = "command line"
    try:
        role = role_of(data, actor) if actor else None
        request = Request(
            id=uuid.uuid4().hex,
            kind=kind,
            subject=subject,
            occurrence=0,
            actor=who,
            role=role or Role.VIEWER,
            second_actor="",
            made_ns=now_ns,
            valid_until_ns=now_ns + _VALID_NS,
            body={"console": "command line", "wall_ns": now_ns, **body},
        )
        submit(data, request)
    except PlantsafeError as error:
        typer.echo(f"not told to the journal: {error.message}", err=True)

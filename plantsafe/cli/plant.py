"""`plantsafe approve` and `plantsafe plant load`: a changed plant file, by request."""

import time
import uuid
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.cli.plant_coverage import register_coverage
from plantsafe.cli.plant_doc import register_doc
from plantsafe.cli.plant_tools import register_tools
from plantsafe.errors import RequestError

HOUR_NS = 3_600_000_000_000
PlantFile = Annotated[Path, typer.Argument(help="the plant file")]
Data = Annotated[Path, typer.Option(help="folder of the record")]
Actor = Annotated[str, typer.Option("--as", help="account that asks")]


def _ask(file: Path, data: Path, actor: str, kind: str, *, reason: str = "", with_document: bool = False) -> str:
    from plantsafe.plant import load_plant
    from plantsafe.plant.load import check_plant
    from plantsafe.request import Request, RequestKind
    from plantsafe.store.access import role_of
    from plantsafe.store.inbox import submit
    from plantsafe.store.record import RecordReader

    plant = check_plant(file) if kind == "approve_plant" else load_plant(file)
    role = role_of(data, actor)
    if role is None:
        raise RequestError(f"there is no account {actor!r}", mend="plantsafe account add, or give another --as")
    with RecordReader(data) as reader:
        latest = reader.latest()
    now_ns = latest.frame.time_ns if latest is not None else time.time_ns()
    request = Request(
        id=str(uuid.uuid4()),
        kind=RequestKind(kind),
        subject=plant.hash,
        occurrence=0,
        actor=actor,
        role=role,
        second_actor="",
        made_ns=now_ns,
        valid_until_ns=now_ns + HOUR_NS,
        body={"author": plant.file.author, "reason": reason},
    )
    submit(data, request, document=plant.document() if with_document else None)
    return plant.hash


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The plant description in use.", no_args_is_help=True)
    app.add_typer(group, name="plant")

    @group.callback()
    def _group() -> None:
        """The plant description in use."""

    register_doc(group)
    register_coverage(group)
    register_tools(group)

    @app.command()
    def approve(
        plant: PlantFile,
        data: Data,
        actor: Actor,
        reason: Annotated[str, typer.Option(help="why it is right: review, work order")],
    ) -> None:
        """Approve a plant file; the approver is not its author. Answered by the next scan, in the journal."""
        digest = _ask(plant, data, actor, "approve_plant", reason=reason, with_document=True)
        typer.echo(f"asked to approve {digest[:12]}; see `plantsafe journal show --kind plant_approved --data {data}`")

    @group.command()
    def load(plant: PlantFile, data: Data, actor: Actor) -> None:
        """Have the running scan service take up a plant file between two scans."""
        digest = _ask(plant, data, actor, "load_plant", with_document=True)
        typer.echo(f"asked to load {digest[:12]}; see `plantsafe journal show --kind plant_loaded --data {data}`")

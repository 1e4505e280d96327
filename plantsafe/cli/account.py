"""`plantsafe account`: who may sign in to the dashboard."""

from pathlib import Path
from typing import Annotated

import typer

from plantsafe.request import Role


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Accounts of the dashboard.", no_args_is_help=True)
    app.add_typer(group, name="account")

    @group.callback()
    def _group() -> None:
        """Accounts of the dashboard."""

    @group.command()
    def add(
        name: str,
        role: Annotated[Role, typer.Option(help="what the person may do")],
        data: Annotated[Path, typer.Option(help="folder of the record")],
        password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    ) -> None:
        """Add an account; asks for the password."""
        from plantsafe.store.access import add_account

        add_account(data, name, role, password)
        typer.echo(f"{name}: {role.value}")

"""`plantsafe fault`: break the simulated plant, over a channel of its own."""

from pathlib import Path
from typing import Annotated

import typer

from plantsafe.cli.demo_place import control_of

Data = Annotated[Path | None, typer.Option(help="data folder of the demo; without it the one that runs")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Faults of the simulated plant (never of a real one).", no_args_is_help=True)
    app.add_typer(group, name="fault")

    @group.command(name="list")
    def list_(data: Data = None) -> None:
        """The catalogue, and what is broken now."""
        from simulation.control_channel import ask

        answer = ask(control_of(data), "list")
        active = {name.partition(":")[0] for name in answer["active"]}
        for entry in answer["faults"]:
            mark = "ACTIVE" if entry["name"] in active else ""
            typer.echo(f"{entry['name']:28s} {mark:7s} {entry['title']['en']}  {entry['title']['zh']}")

    @group.command()
    def inject(
        name: str, onset: Annotated[float, typer.Option(help="plant seconds from now")] = 0.0, data: Data = None
    ) -> None:
        """Break something."""
        from simulation.control_channel import ask

        ask(control_of(data), "inject", name=name, onset_s=onset)
        typer.echo(f"{name}: injected")

    @group.command()
    def clear(name: str, data: Data = None) -> None:
        """Mend it again."""
        from simulation.control_channel import ask

        ask(control_of(data), "clear", name=name)
        typer.echo(f"{name}: cleared")

"""`plantsafe demo`: simulated plant, scan service and dashboard in one command."""

import signal
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def demo(
        plant: Annotated[Path | None, typer.Option(help="plant file; the example plant without it")] = None,
        data: Annotated[Path | None, typer.Option(help="folder for the record; without it nothing is kept")] = None,
        headless: Annotated[bool, typer.Option("--headless", help="no dashboard; ends with a summary")] = False,
        duration: Annotated[float, typer.Option(help="wall seconds, 0 for until Ctrl-C")] = 0.0,
        speed: Annotated[float, typer.Option(help="plant seconds a wall second", min=0.1, max=60)] = 1.0,
        fault: Annotated[list[str] | None, typer.Option(help="NAME@WALL_SECONDS; may be given again")] = None,
        seed: Annotated[int, typer.Option(help="of the simulated plant")] = 1,
        secure: Annotated[bool, typer.Option(help="sign and encipher the link to the simulated DCS")] = False,
        port: Annotated[int, typer.Option(help="of the dashboard, 0 for any")] = 8501,
        opcua_port: Annotated[int, typer.Option(help="of the simulated DCS, 0 for any")] = 0,
        modbus_port: Annotated[int, typer.Option(help="of the simulated SIS, 0 for any")] = 0,
    ) -> None:
        """Start a simulated plant, the scan service and the dashboard; Ctrl-C stops all."""
        from plantsafe.cli.demo_run import data_folder, demo_plant_file, planned_faults, run_demo
        from plantsafe.cli.demo_secure import secured

        plan = planned_faults(fault or [])
        signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with data_folder(data) as folder:
            file = plant or demo_plant_file()
            run_demo(
                secured(file, folder) if secure else file, folder, plan,
                headless=headless, duration=duration, speed=speed, seed=seed,
                ports={"dashboard": port, "opcua": opcua_port, "modbus": modbus_port},
            )  # fmt: skip

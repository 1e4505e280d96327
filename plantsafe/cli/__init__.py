"""The command line: one command per user task, one clear message per error."""

import os
import sys
import tempfile
import traceback
from pathlib import Path

import typer

from plantsafe import __version__
from plantsafe.cli import (
    account,
    alarms,
    backtest,
    browse,
    cert,
    check,
    compact,
    demo,
    fault,
    forward,
    history,
    journal,
    model,
    plant,
    probe,
    replay,
    run,
    scenario,
    sif,
    summary,
    windows,
)
from plantsafe.errors import PlantsafeError

app = typer.Typer(
    name="plantsafe",
    help="Process-safety monitor: reads the plant, judges every scan, keeps the record. Never writes to the plant.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (
    demo, run, compact, forward, replay, check, plant, browse, probe, cert, fault, journal, history, scenario, summary,
    account, alarms, backtest, model, sif, windows,
):  # fmt: skip
    module.register(app)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; errors of the product are one message and exit status 1, never a traceback."""
    try:
        app()
    except PlantsafeError as error:
        typer.echo(f"plantsafe: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  # the last line of defence: a person gets one message
        with tempfile.NamedTemporaryFile("w", prefix="plantsafe-error-", suffix=".txt", delete=False) as file:
            traceback.print_exc(file=file)
        typer.echo(
            f"plantsafe: unexpected {type(error).__name__}: {error}\n  mend: report it with {Path(file.name)}", err=True
        )
        sys.exit(70)

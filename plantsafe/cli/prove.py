"""`plantsafe scenario prove`: what the model shows of every protective function of a plant."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.cli.scenario_options import JOBS, Html, Jobs, Json, Tongue, scenario_files, write_reports
from plantsafe.errors import FileMistakesError, PlantsafeError
from plantsafe.language import language_of

PlantFile = Annotated[Path, typer.Argument(help="plant file")]
Scenarios = Annotated[list[str] | None, typer.Option(help="scenario files or folders; without it the shipped ones")]
Only = Annotated[list[str] | None, typer.Option("--function", help="only this function and its rows")]
Today = Annotated[str, typer.Option("--date", help="the day that waivers are judged by; without it today")]


def prove(
    plant: PlantFile,
    scenarios: Scenarios = None,
    function: Only = None,
    jobs: Jobs = JOBS,
    html: Html = None,
    json: Json = None,
    day: Today = "",
    language: Tongue = "en",
) -> None:
    """Each function and row: its scenario, point of no return, margin; exit 1 when one is not proved."""
    from simulation.proof.report import as_html, as_json, as_text
    from simulation.proof.run import prove as prove_all
    from simulation.scenario import SHIPPED

    tongue, on = language_of(language), _day(day)
    try:
        paths = scenario_files(scenarios or [str(SHIPPED)])
        known = _functions(plant)
        if unknown := sorted(set(function or ()) - known):
            raise PlantsafeError(
                f"the plant has no function {', '.join(unknown)}", mend=f"one of {', '.join(sorted(known))}"
            )
        with typer.progressbar(length=1, label="demonstrations", file=sys.stderr) as bar:

            def done(count: int, _: object) -> None:
                bar.length = count
                bar.update(1)

            proof = prove_all(
                plant, paths, day=on, jobs=jobs, only=function or (), strict=scenarios is not None, done=done
            )
    except FileMistakesError as error:
        typer.echo(f"plantsafe: {error}", err=True)
        sys.exit(2)
    for line in as_text(proof, tongue):
        typer.echo(line)
    write_reports(((html, lambda: as_html(proof)), (json, lambda: as_json(proof))))
    if not proof.holds:
        sys.exit(1)


def _functions(plant: Path) -> set[str]:
    from plantsafe.plant import load_plant

    return {function.name for function in load_plant(plant).file.functions}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError:
        raise PlantsafeError(f"--date {text!r} is no day", mend="write it as 2026-03-31") from None

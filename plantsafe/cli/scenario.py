"""`plantsafe scenario`: simulated accidents with a verdict."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plantsafe.cli.prove import prove
from plantsafe.cli.scenario_options import JOBS, Html, Jobs, Json, Tongue, scenario_files, write_reports
from plantsafe.errors import FileMistakesError, PlantsafeError
from plantsafe.language import language_of

if TYPE_CHECKING:
    from simulation.runner import Outcome, Task

Names = Annotated[list[str] | None, typer.Argument(help="shipped scenarios by name, or files, or folders of files")]
All = Annotated[bool, typer.Option("--all", help="all shipped scenarios")]
Seeds = Annotated[str, typer.Option(help="seeds of varied plants, such as 1-20 or 3,7; without it the nominal plant")]
Junit = Annotated[Path | None, typer.Option(help="write a JUnit report")]
Wire = Annotated[bool, typer.Option("--wire", help="also through the real servers and the scan service, in lock step")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Simulated accidents with a verdict.", no_args_is_help=True)
    app.add_typer(group, name="scenario")
    group.command()(prove)

    @group.command(name="list")
    def list_(language: Tongue = "en") -> None:
        """The shipped scenarios."""
        from simulation.scenario import SHIPPED, load_scenario

        tongue = language_of(language)
        for path in sorted(SHIPPED.glob("*.yaml")):
            title = load_scenario(path).file.title
            typer.echo(f"{path.stem:32s} {title.zh if tongue == 'zh' else title.en}")

    @group.command()
    def run(
        names: Names = None,
        every: All = False,
        seeds: Seeds = "",
        jobs: Jobs = JOBS,
        junit: Junit = None,
        html: Html = None,
        json: Json = None,
        wire: Wire = False,
        language: Tongue = "en",
    ) -> None:
        """Run scenarios in virtual time; exit 1 when one is red, 2 when one cannot be run as written."""
        from simulation.runner import run_all

        tongue = language_of(language)
        tasks = _tasks(names or [], every=every, seeds=seeds_of(seeds), wire=wire)
        with typer.progressbar(length=len(tasks), label="scenarios", file=sys.stderr) as bar:
            outcomes = run_all(tasks, jobs, lambda _: bar.update(1))
        _tell(outcomes, tongue)
        _write(outcomes, junit=junit, html=html, json=json)
        if not all(outcome.green for outcome in outcomes):
            sys.exit(1)


def seeds_of(text: str) -> list[int | None]:
    """`1-20`, `3,7` or both; nothing is the nominal plant."""
    if not text:
        return [None]
    seeds: list[int | None] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            seeds += range(int(first), int(last if dash else first) + 1)
        except ValueError:
            raise PlantsafeError(f"--seeds {text!r} is not a list of seeds", mend="for example 1-20 or 3,7") from None
    if not seeds:
        raise PlantsafeError(f"--seeds {text!r} holds no seed", mend="write the lower number first")
    return seeds


def _tasks(names: list[str], *, every: bool, seeds: list[int | None], wire: bool) -> "list[Task]":
    """One task a scenario and seed; every file is read and checked before the first is run."""
    from simulation.runner import Task
    from simulation.scenario import SHIPPED, load_scenario

    if not names and not every:
        raise PlantsafeError("no scenario is named", mend="name scenarios, files or folders, or give --all")
    try:
        paths = scenario_files([*([str(SHIPPED)] if every else []), *names])
        for path in paths:
            load_scenario(path)
    except FileMistakesError as error:
        typer.echo(f"plantsafe: {error}", err=True)
        sys.exit(2)
    return [Task(path=path, seed=seed, wire=wire) for path in paths for seed in seeds]


def _tell(outcomes: "list[Outcome]", language: str) -> None:
    from simulation.trial.model_card import fingerprint, load_cards
    from simulation.trial.summary import in_words
    from simulation.trial.told import Told, told

    def say(text: Told) -> str:
        return text.zh if language == "zh" else text.en

    for outcome in outcomes:
        moments, seed = outcome.moments, say(told("report", "seed", seed=outcome.protected.seed))
        verdict = say(told("report", "green" if outcome.green else "red")).upper()
        typer.echo(f"{outcome.name} ({seed}): {verdict}")
        for line in outcome.lines:
            typer.echo(f"  {'ok' if line.holds else 'NO'} {say(line.what)}: {say(line.found)}")
        times = [
            ("detection", moments.detected),
            ("trip", moments.tripped),
            ("safe", moments.safe),
            ("loss", moments.lost),
        ]
        said = [f"{say(told('time', key))} {say(in_words(s - moments.fault))}" for key, s in times if s is not None]
        if moments.margin_s is not None:
            said.append(f"{say(told('time', 'margin'))} {say(in_words(moments.margin_s))}")
        typer.echo(f"     {'; '.join(said)}")
    green = sum(outcome.green for outcome in outcomes)
    typer.echo(say(told("report", "summary", green=green, count=len(outcomes))))
    typer.echo(say(told("report", "version", version=load_cards()[0], fingerprint=fingerprint())))
    for card in {card.part: card for outcome in outcomes for card in outcome.cards}.values():
        typer.echo(f"  {say(card.title)}: {say(card.valid)}")
    typer.echo(say(told("report", "statement")))


def _write(outcomes: "list[Outcome]", *, junit: Path | None, html: Path | None, json: Path | None) -> None:
    from simulation.trial.html import as_html
    from simulation.trial.summary import as_json, as_junit

    made = ((junit, as_junit), (html, as_html), (json, as_json))
    write_reports((path, partial(make, outcomes)) for path, make in made)

"""What the commands on scenarios share: options, the files that names stand for, and where reports go."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.errors import PlantsafeError

JOBS = min(2, os.cpu_count() or 1)

Jobs = Annotated[int, typer.Option(min=1, help="processes")]
Html = Annotated[Path | None, typer.Option(help="write a report to read, one file")]
Json = Annotated[Path | None, typer.Option(help="write a report as JSON")]
Tongue = Annotated[str, typer.Option("--language", help="of what is printed: en or zh")]


def scenario_files(names: Iterable[str]) -> list[Path]:
    """The files of shipped scenarios by name, of files, and of folders, each once; raises when there is none."""
    from simulation.scenario import find_scenario

    names = list(names)
    paths: list[Path] = []
    for name in names:
        paths += sorted(Path(name).glob("*.yaml")) if Path(name).is_dir() else [find_scenario(name)]
    if not paths:
        raise PlantsafeError(f"there is no scenario in {', '.join(names)}", mend="name a folder with .yaml files")
    return list(dict.fromkeys(paths))


def write_reports(reports: Iterable[tuple[Path | None, Callable[[], str]]]) -> None:
    """Each report that was asked for to its file."""
    for path, make in reports:
        if path is None:
            continue
        try:
            path.write_text(make(), encoding="utf-8")
        except OSError as error:
            raise PlantsafeError(
                f"{path} cannot be written: {error.strerror}", mend="give a file in a folder that exists"
            ) from error

"""`plantsafe alarms rationalise`: what a review of the alarms would ask, and changes to look at."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.errors import StoreError


class Format(StrEnum):
    """How the review is printed."""

    TEXT = "text"
    JSON = "json"


def rationalise(
    plant: Annotated[Path, typer.Argument(help="the plant file: the master alarm database")],
    history: Annotated[Path | None, typer.Option(help="folder of a record: noise and nuisances")] = None,
    begin: Annotated[str, typer.Option("--from", help="site's time; a day before --to without it")] = "",
    end: Annotated[str, typer.Option("--to", help="site's time; the newest scan without it")] = "",
    response_min: Annotated[float, typer.Option(help="minutes that a person needs to act")] = 3.0,
    form: Annotated[Format, typer.Option("--format", help="text for people, json for tools")] = Format.TEXT,
    diff: Annotated[Path | None, typer.Option(help="write the proposed changes there, for git apply")] = None,
) -> None:  # fmt: skip
    """Review the alarms of a plant file; nothing is changed, the proposals are a difference to look at."""
    from plantsafe.alarms.rationalise.review import review
    from plantsafe.alarms.rationalise.told import as_json, as_text
    from plantsafe.cli.history import span_of
    from plantsafe.history.reader import HistoryReader

    if history is None:
        made = review(plant, response_min=response_min)
    else:
        with HistoryReader(history) as reader:
            _, from_ns, to_ns = span_of(reader, begin, end)
            made = review(plant, reader, (from_ns, to_ns), response_min)
    typer.echo(as_json(made) if form is Format.JSON else as_text(made))
    if diff is not None:
        try:
            diff.write_text(made.diff, encoding="utf-8", newline="")
        except OSError as error:
            raise StoreError(f"{diff} cannot be written: {error.strerror}", mend="give a path in a folder") from error

"""`plantsafe backtest`: the unit monitor on a plant's own past, in one command."""

from pathlib import Path
from typing import Annotated

import typer

from plantsafe.errors import RequestError, SourceError, StoreError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backtest)


def backtest(
    train: Annotated[list[Path], typer.Option(help="a normal run, .csv or .parquet; again for each run")],
    test: Annotated[Path, typer.Option(help="the run to judge")],
    out: Annotated[Path, typer.Option(help="CSV to write: flag, statistic, limit, top; a row a sample")],
    points: Annotated[list[str] | None, typer.Option(help="only these, comma-separated; all without it")] = None,
    time_column: Annotated[str | None, typer.Option(help="what the files call their time")] = None,
    label: Annotated[
        str | None, typer.Option(help="column of the test run that is not 0 where something is wrong")
    ] = None,
    false_alarms: Annotated[float, typer.Option(help="part of normal rows that may be flagged")] = 0.005,
) -> None:
    """Learn what is normal from runs, judge another row by row, and say how that went."""
    from plantsafe.backtest.judge import judge
    from plantsafe.backtest.summary import lines
    from plantsafe.backtest.table import read_table
    from plantsafe.backtest.training import train as learn
    from plantsafe.backtest.training import usual_interval

    if not 0.0 < false_alarms < 0.5:
        raise RequestError(f"--false-alarms {false_alarms}", mend="give a part between 0 and 0.5, as 0.005")
    run = read_table(test, time_column)
    if label is not None and label not in run.names:
        raise SourceError(f"{test} has no column {label!r}", mend=f"one of {', '.join(run.names[:20])}")
    asked = None if points is None else [name.strip() for text in points for name in text.split(",") if name.strip()]
    if asked is not None and label in asked:
        raise RequestError(f"{label} is the label and a point", mend="leave it out of --points")
    runs = [read_table(path, time_column) for path in train]
    trained = learn([table.without(label) for table in runs], asked, false_alarms)
    judged = judge(trained, run)
    rows = zip(judged.flag.tolist(), judged.statistic.tolist(), judged.top, strict=True)
    body = [f"{int(flag)},{statistic:.6g},{judged.limit:g},{top}" for flag, statistic, top in rows]
    try:
        out.write_text("\n".join(["flag,statistic,limit,top", *body]) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error}", mend="name a file in a folder that is there") from error
    for note in dict.fromkeys((*trained.notes, *judged.notes)):
        typer.echo(f"note: {note}")
    truth = None if label is None else run.columns((label,))[:, 0] > 0.0
    for line in lines(trained, judged, truth, usual_interval(run) if len(run.values) > 1 else None):
        typer.echo(line)

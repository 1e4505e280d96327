"""`plantsafe replay`: a plant's own past, from a historian's export, through the scan service."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plantsafe.errors import RequestError

if TYPE_CHECKING:
    from connectors.replay import ReplaySource
    from plantsafe.plant import Plant

FAST = "fast"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    plant: Annotated[Path, typer.Argument(help="the plant file; nothing of its sources is connected to")],
    data: Annotated[Path, typer.Option(help="empty folder for the record")],
    file: Annotated[list[str] | None, typer.Option(help="SOURCE=FILE, .csv or .parquet; again for each")] = None,
    zone: Annotated[str | None, typer.Option(help="time zone of times that name none, as Asia/Shanghai")] = None,
    time_column: Annotated[str | None, typer.Option(help="what the files call their time")] = None,
    name: Annotated[list[str] | None, typer.Option(help="WORD OF THE FILE=POINT; again for each")] = None,
    hold_s: Annotated[float | None, typer.Option(min=0.001, help="how long a row stands; three intervals")] = None,
    speed: Annotated[str, typer.Option(help="fast, or plant seconds a second")] = FAST,
) -> None:
    """Step recorded values through the scan service: alarms, trips and findings as they would have come."""
    from connectors.replay import ReplaySource
    from connectors.replay.recorded import recorded_source
    from plantsafe.cli.recorded_run import run_recorded
    from plantsafe.plant import load_plant

    compiled = load_plant(plant)
    files = _files(file or [], compiled.read_sources)
    names = dict(_pair(text, "--name", "PV001=TI-101") for text in name or [])
    if time_column is not None:
        names[time_column] = "time"

    def make(described: "Plant") -> Sequence["ReplaySource"]:
        sources = []
        for source in described.read_sources:
            entry = described.file.sources[described.sources.row[source]]
            if source in files:
                made = ReplaySource.from_file(described, source, *files[source], names=names, zone=zone, pace="times",
                                              hold_s=hold_s, own_times=True)  # fmt: skip
            elif entry.recorded is not None:
                made = recorded_source(described, source, base=plant.parent, own_times=True)
            else:
                made = ReplaySource(described, source, [])
            sources.append(made)
        return sources

    run_recorded(compiled, data, make, rate=_rate(speed))
    typer.echo(f"the record is in {data}; `plantsafe summary --data {data}`, or the pages over it")


def _files(given: list[str], known: Sequence[str]) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for text in given:
        source, path = _pair(text, "--file", "DCS=export.csv")
        if source not in known:
            raise RequestError(f"the plant has no source {source!r}", mend=f"one of {', '.join(known)}")
        files.setdefault(source, []).append(Path(path))
    return files


def _rate(speed: str) -> float | None:
    if speed == FAST:
        return None
    try:
        rate = float(speed)
    except ValueError:
        rate = 0.0
    if not 0.0 < rate <= 1000.0:
        raise RequestError(f"--speed {speed!r}", mend="give fast, 1 for real time, or as 60 for an hour a minute")
    return rate


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key or not value:
        raise RequestError(f"{option} {text!r} is not NAME=VALUE", mend=f"give {option} {example}")
    return key, value

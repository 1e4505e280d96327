"""`plantsafe model findings`: what was found, what engineers said of it, and how often it was wrong."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plantsafe.cli.period import moment_ns
from plantsafe.errors import StoreError

if TYPE_CHECKING:
    from plantsafe.findings.past import Finding


def findings(
    data: Annotated[Path, typer.Option(help="folder of the record")],
    begin: Annotated[str, typer.Option("--from", help="site's time as 2026-11-01T00:00; all without it")] = "",
    end: Annotated[str, typer.Option("--to", help="site's time; up to now without it")] = "",
    unit: Annotated[str, typer.Option(help="only of this unit")] = "",
    rejected: Annotated[bool, typer.Option("--rejected", help="only those that engineers rejected")] = False,
    most: Annotated[int, typer.Option(help="how many of the newest are listed", min=1)] = 50,
) -> None:
    """Findings with what engineers said of them, and the share of rejected ones by unit and check."""
    from plantsafe.findings.causes import likely
    from plantsafe.findings.past import findings as read
    from plantsafe.findings.past import rates
    from plantsafe.plant import plant_of_document
    from plantsafe.scan.engine import Engine
    from plantsafe.store.record import RecordReader
    from plantsafe.verdict import ConditionClass

    with RecordReader(data) as reader:
        described = reader.newest_plant()
        if described is None:
            raise StoreError(f"{data} holds no scan", mend="let the scan service run first")
        plant = plant_of_document(described[1])
        unit_of = {
            condition.name: condition.unit
            for condition in Engine(plant).conditions
            if condition.klass is ConditionClass.FINDING and condition.unit
        }
        found = read(reader, unit_of)
    zone = plant.file.site.timezone
    from_ns = moment_ns(begin, zone, "--from") if begin else -(1 << 62)
    to_ns = moment_ns(end, zone, "--to") if end else 1 << 62
    found = [one for one in found if from_ns <= one.began_ns < to_ns and unit in ("", one.unit)]
    listed = [one for one in found if one.judged == "rejected" or not rejected]
    for one in listed[-most:]:
        causes = [some.cause.id for some in likely(plant, one)]
        typer.echo(_line(one, causes))
    typer.echo(f"{'unit':12s} {'kind':16s} {'found':>6s} {'right':>6s} {'wrong':>6s}  wrong of judged")
    for rate in rates(found):
        share = "none judged" if rate.share is None else f"{rate.share:.0%}"
        typer.echo(f"{rate.unit:12s} {rate.kind:16s} {rate.raised:6d} {rate.confirmed:6d} {rate.rejected:6d}  {share}")
    if not found:
        typer.echo("no finding in this span")


def _line(one: "Finding", causes: list[str]) -> str:
    when = f"{datetime.fromtimestamp(one.began_ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}Z"
    said = f"{one.judged} by {one.actor}" if one.judged else "not judged"
    words = [word for word in (one.cause, one.comment) if word]
    first = f", first {one.first}" if one.first else ""
    may = f", may be {', '.join(causes)}" if causes else ""
    return f"{when}  {one.unit:10s} {one.name:28s} {said}{': ' if words else ''}{', '.join(words)}{first}{may}"

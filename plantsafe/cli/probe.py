"""`plantsafe probe modbus`: which registers a device lets be read, found gently."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.cli.new_file import UTF8_FOR_EXCEL, write_files
from plantsafe.errors import RequestError

MODBUS_PORT = 502  # Modbus messaging on TCP/IP V1.0b, 3.1.3


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Find out what a device lets be read; reads only, a few requests a second.")
    app.add_typer(group, name="probe")

    @group.callback()
    def _group() -> None:
        """Find out what a device lets be read; reads only, a few requests a second."""

    group.command()(modbus)


def modbus(
    host: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="the device or gateway")],
    unit_id: Annotated[list[int] | None, typer.Option(help="unit identifier, 1 without it; again for each")] = None,
    table: Annotated[list[str] | None, typer.Option(help="coil, discrete, holding or input; all without it")] = None,
    first: Annotated[int, typer.Option(min=0, max=65535, help="first address, zero-based")] = 0,
    last: Annotated[int, typer.Option(min=0, max=65535, help="last address")] = 999,
    rate: Annotated[float, typer.Option(min=0.1, max=100.0, help="requests a second at most")] = 10.0,
    most: Annotated[int, typer.Option(min=1, help="requests at most")] = 2000,
    points: Annotated[Path | None, typer.Option(help="table of points to write, one a register or bit")] = None,
    source: Annotated[str, typer.Option(help="the source of those points")] = "SIS",
    unit: Annotated[str, typer.Option(help="the unit of those points")] = "U1",
    force: Annotated[bool, typer.Option(help="overwrite the table that is there")] = False,
) -> None:
    """Ask a Modbus TCP device for ranges of addresses and print those that it lets be read."""
    from connectors.modbus.first_points import first_points
    from connectors.modbus.map import READ_FUNCTION
    from connectors.modbus.probe import probe
    from plantsafe.plant.table_file import points_text

    where, port = _host_and_port(host)
    if points is not None and points.exists() and not force:
        raise RequestError(f"{points} is there already", mend="give another name, or --force")
    tables = tuple(table or READ_FUNCTION)
    report = asyncio.run(
        probe(where, port, devices=tuple(unit_id or (1,)), tables=tables, first=first, last=last,
              requests_per_s=rate, max_requests=most)
    )  # fmt: skip
    for found in report.ranges:
        typer.echo(
            f"unit {found.device:3d}  {found.table:8s} {found.start:5d} to {found.start + found.count - 1:5d}"
            f"  ({found.count})"
        )
    if not report.ranges:
        typer.echo(f"nothing can be read from {where}:{port} at these addresses")
    for note in report.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"{report.requests} requests" + ("" if report.complete else "; NOT all addresses were asked"))
    if points is not None:
        rows = first_points(report.ranges, source=source, unit=unit)
        write_files({points: (points_text(rows), UTF8_FOR_EXCEL)}, force=force)
        typer.echo(
            f"{len(rows)} points into {points}: each register as it stands; fill in what it measures, its type over "
            "several registers, scale, range and unit of measure from the device's own list"
        )


def _host_and_port(text: str) -> tuple[str, int]:
    host, colon, port = text.removeprefix("tcp://").rpartition(":")
    if not colon:
        return port, MODBUS_PORT
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise RequestError(f"{text!r} is no address", mend="give HOST or HOST:PORT, as 10.0.0.7:502")
    return host, int(port)

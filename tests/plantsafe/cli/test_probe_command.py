"""The probe at the command line, against the simulated safety system."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from plantsafe.cli import app
from plantsafe.errors import RequestError, SourceError
from plantsafe.plant import load_plant
from plantsafe.plant.table_file import read_table
from simulation.servers import ModbusServer

DEMO = Path(__file__).resolve().parents[3] / "simulation" / "plants" / "demo.yaml"


async def probe(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["probe", "modbus", *words])


async def test_ranges_are_printed_and_written_as_points(tmp_path: Path) -> None:
    plant = load_plant(DEMO)
    server = ModbusServer(plant, "SIS")
    await server.start()
    n_points = len(plant.sources.points[plant.sources.row["SIS"]])
    await server.update(np.zeros(n_points), np.zeros(n_points, dtype=np.uint32))
    table = tmp_path / "points.csv"
    where = f"127.0.0.1:{server.port}"
    result = await probe(where, "--last", "199", "--rate", "100", "--points", str(table), "--unit", "R101")
    again = await probe(where, "--points", str(table))
    short = await probe(where, "--last", "199", "--rate", "100", "--most", "3")
    await server.stop()
    assert result.exit_code == 0, result.output
    places = {(p.modbus.table, p.modbus.address) for p in plant.file.points if p.modbus and p.modbus.address < 200}
    rows = read_table(table, None)
    found = {(row["modbus"]["table"], int(row["modbus"]["address"])) for row in map(rows.entry, range(len(rows.rows)))}
    assert places <= found
    assert not rows.mistakes
    assert f"{len(rows.rows)} points into {table}" in result.output
    assert isinstance(again.exception, RequestError)
    assert "NOT all addresses were asked" in short.output


async def test_nobody_there_is_one_clear_message(unused_tcp_port: int) -> None:
    result = await probe(f"127.0.0.1:{unused_tcp_port}")
    assert isinstance(result.exception, SourceError)
    assert "nobody answers" in str(result.exception)


@pytest.mark.parametrize("host", [":502", "h:x", "h:0", "h:70000"])
async def test_address_that_cannot_be_is_refused(host: str) -> None:
    result = await probe(host)
    assert isinstance(result.exception, RequestError)

"""The sample in each connector's README runs as it stands there; its definition of done names every line."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

import connectors
from plantsafe.plant import Plant
from simulation.servers import ModbusServer, OpcUaServer

HOME = Path(connectors.__file__).parent


def sample_of(connector: str) -> Any:
    (code,) = re.findall(r"```python\n(.*?)```", (HOME / connector / "README.md").read_text(), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, f"{connector}/README.md", "exec"), names)  # noqa: S102  our own documentation
    return names["sample"]


async def test_opcua_sample_returns_the_good_values(plant: Plant) -> None:
    server = OpcUaServer(plant, "DCS")
    await server.start()
    status = np.array([0, 0x80000000, 0, 0], dtype=np.uint32)
    await server.update(np.array([61.5, np.nan, 450.0, 7.0]), status, np.zeros(4, dtype=np.int64))
    assert await sample_of("opcua")(plant, server.endpoint) == {"TI-1": 61.5, "FI-1": 450.0, "HB": 7.0}
    await server.stop()


async def test_modbus_sample_returns_all_values(plant: Plant) -> None:
    server = ModbusServer(plant, "SIS")
    await server.start()
    await server.update(np.arange(11.0), np.zeros(11, dtype=np.uint32))
    shown = await sample_of("modbus")(plant, server.endpoint)
    assert shown["TT-1B"] == 1.0
    assert len(shown) == 11
    await server.stop()


async def test_replay_sample_returns_the_rows_of_the_file(plant: Plant, tmp_path: Path) -> None:
    (table,) = re.findall(r"```csv\n(.*?)```", (HOME / "replay" / "README.md").read_text(), flags=re.DOTALL)
    (tmp_path / "rows.csv").write_text(table)
    assert await sample_of("replay")(plant, tmp_path / "rows.csv") == [61.5, 61.6]


@pytest.mark.parametrize("connector", ["opcua", "modbus", "replay"])
def test_each_connector_has_the_same_files_or_says_why_not(connector: str) -> None:
    quality = YAML(typ="safe").load((HOME / connector / "quality.yaml").read_text())
    for line, state in quality.items():
        assert state == "done" or (isinstance(state, dict) and set(state) <= {"done", "open", "exempt"}), line
    for file in ("client", "decode", "map", "supervisor", "source"):
        assert (HOME / connector / f"{file}.py").is_file() or "exempt" in quality[file]

"""Real processes: the simulated plant and the scan service, on free ports, ended by their pid."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plantsafe.cli.children import Child
from plantsafe.clock import Clock
from plantsafe.errors import StoreError
from plantsafe.store.record import RecordReader

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "simulation" / "plants" / "demo.yaml"
RATE = 20.0


def until(what: str, seconds: float, answer: Callable[[], Any]) -> Any:
    """Probe until something true comes back."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if got := answer():
            return got
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {seconds} s")


def last_number(data: Path) -> int:
    """Newest recorded scan, 0 while there is none."""
    try:
        with RecordReader(data) as reader:
            return reader.last_number()
    except StoreError:
        return 0


class SimulatedPlant:
    """A running simulated plant, and scan services against it."""

    def __init__(self, folder: Path, short: Path) -> None:
        self.folder, self.control = folder, short / "control"
        self.clock = Clock(epoch_ns=time.time_ns(), start_ns=time.monotonic_ns() + 4_000_000_000, rate=RATE)
        self.child = Child(
            "simulated plant",
            [
                "-m",
                "simulation.process",
                "--plant",
                str(DEMO),
                "--clock",
                self.clock.encode(),
                "--control",
                str(self.control),
            ],
            folder / "plant.log",
        )
        self.endpoints: dict[str, str] = self.child.ready()["endpoints"]
        self._services: list[Child] = []
        until("the first second of plant time", 10, lambda: self.clock.now_ns() > self.clock.epoch_ns)

    def service(self, data: Path) -> Child:
        """Start a scan service that records into `data`."""
        sources = [f"--source={name}={where}" for name, where in self.endpoints.items()]
        child = Child(
            "scan service",
            [
                "-m",
                "plantsafe",
                "run",
                "--child",
                "--plant",
                str(DEMO),
                "--data",
                str(data),
                "--clock",
                self.clock.encode(),
                *sources,
            ],
            self.folder / f"service-{len(self._services)}.log",
        )
        self._services.append(child)
        child.ready()
        return child

    def kill(self, service: Child) -> None:
        """kill -9."""
        service.process.send_signal(signal.SIGKILL)
        service.process.wait()
        service.end()

    def end(self) -> None:
        """End everything that was started."""
        for service in self._services:
            service.end()
        self.child.end()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedPlant]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ps-") as short:
        plant = SimulatedPlant(tmp_path_factory.mktemp("plant"), Path(short))
        yield plant
        plant.end()


@pytest.fixture
def dice() -> random.Random:
    return random.Random(20261123)


def command(*arguments: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "plantsafe", *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )

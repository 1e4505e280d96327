"""Runs the demo: starts the three processes, shows a live line, breaks what is planned, and ends everything."""

import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import typer

from plantsafe.alarms.life_cycle import State, waiting
from plantsafe.cli.children import Child, wait_for
from plantsafe.cli.demo_place import forget, say_where
from plantsafe.cli.demo_secure import SIMULATED, to_trust
from plantsafe.cli.demo_summary import lines as summary_lines
from plantsafe.cli.demo_tests import put_tests_on_record
from plantsafe.clock import NS_PER_S, Clock
from plantsafe.errors import PlantsafeError, StoreError
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant, load_plant
from plantsafe.request import Request, RequestKind, Role
from plantsafe.store.access import ensure_demo_accounts
from plantsafe.store.inbox import submit
from plantsafe.store.record import RECORD, RecordReader

DEMO_PLANT = "plants/demo.yaml"
START_S = 5.0  # wall seconds until plant time begins: the servers start meanwhile (site default)
DEMO_PASSWORD = "demo"  # noqa: S105  # accounts of the simulated plant on loopback, printed at start


def demo_plant_file() -> Path:
    """The example plant that ships with the simulator."""
    import simulation

    return Path(simulation.__file__).parent / DEMO_PLANT


def planned_faults(texts: list[str]) -> list[tuple[float, str]]:
    """`NAME@SECONDS` texts as (wall seconds, name), earliest first."""
    faults = []
    for text in texts:
        name, at, seconds = text.partition("@")
        try:
            faults.append((float(seconds) if at else 0.0, name))
        except ValueError:
            raise PlantsafeError(
                f"--fault {text!r} is not NAME@SECONDS", mend="for example sb_cooling_loss@20"
            ) from None
    return sorted(faults)


@contextmanager
def data_folder(given: Path | None) -> Iterator[Path]:
    """The folder given, or one that goes with the demo."""
    if given is not None:
        try:
            given.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlantsafeError(
                f"{given} cannot be used: {error.strerror}", mend="give a folder that can be written"
            ) from None
        yield given.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="plantsafe-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _epoch_ns(data: Path) -> int:
    """Plant time goes on where the record ends, when that is ahead of now (after an accelerated run)."""
    now_ns = time.time_ns()
    if (data / RECORD).exists():
        with RecordReader(data) as reader:
            if (latest := reader.latest()) is not None:
                return max(now_ns, latest.frame.time_ns + 1_000_000_000)
    return now_ns


def _live_line(reader: RecordReader, plant: Plant) -> str:
    latest = reader.latest()
    if latest is None:
        return "waiting for the first scan"
    state = latest.live["state"]
    active = int(np.count_nonzero(latest.live["active"] & (state != State.NORM)))
    unacknowledged = int(np.count_nonzero(waiting(state)))
    good = int(latest.live["good_points"][0])
    points = f"good points {good}/{plant.n_read}"
    return f"scan {latest.frame.number}  {points}  active {active}  unacknowledged {unacknowledged}"


def run_demo(
    plant_file: Path,
    data: Path,
    plan: list[tuple[float, str]],
    *,
    headless: bool,
    duration: float,
    speed: float,
    seed: int,
    ports: dict[str, int],
) -> None:
    plant = load_plant(plant_file)
    with ExitStack() as stack:
        rooms = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ps-")))
        control = rooms / "control"

        def start(name: str, *arguments: str) -> dict[str, Any]:
            child = Child(name, list(arguments), rooms / f"{name.replace(' ', '-')}.log")
            stack.callback(child.end)
            children.append(child)
            return child.ready()

        children: list[Child] = []
        clock = Clock(epoch_ns=_epoch_ns(data), start_ns=time.monotonic_ns() + round(START_S * NS_PER_S), rate=speed)
        simulated = start(
            "simulated plant", "-m", "simulation.process", "--plant", str(plant_file), "--clock", clock.encode(),
            "--seed", str(seed), "--control", str(control), "--certificates", str(data / SIMULATED),
            "--opcua-port", str(ports["opcua"]), "--modbus-port", str(ports["modbus"]),
        )  # fmt: skip
        endpoints = [f"--source={name}={where}" for name, where in simulated["endpoints"].items()]
        time.sleep(max(0.0, clock.wall_s(clock.epoch_ns - clock.now_ns())))
        started = time.monotonic()
        put_tests_on_record(plant, data, clock)
        service = start(
            "scan service", "-m", "plantsafe", "run", "--child", "--plant", str(plant_file), "--data", str(data),
            "--clock", clock.encode(), *endpoints,
        )  # fmt: skip
        say_where(control, data)
        stack.callback(forget, data)
        for name, where in simulated["endpoints"].items():
            typer.echo(f"simulated {name}: {where}")
        typer.echo(f"scan service: {service['health']}/readyz")
        for line in to_trust(plant, data / SIMULATED):
            typer.echo(line)
        if not headless:
            ensure_demo_accounts(data, DEMO_PASSWORD)
            page = start(
                "dashboard", "-m", "dashboards.serve", "--data", str(data), "--port", str(ports["dashboard"]),
                "--clock", clock.encode(),
            )  # fmt: skip
            who = f"engineer, operator, viewer or manager; password {DEMO_PASSWORD!r}"
            typer.echo(f"dashboard: {page['url']}   ({who})")
            typer.echo("Ctrl-C stops all.")
        _approve(plant, data, clock)
        reader = stack.enter_context(wait_for("the first scan", 30, lambda: _reader(data, children)))
        try:
            _watch(reader, plant, children, control, plan, started, duration)
        except KeyboardInterrupt:
            typer.echo("")
        for child in reversed(children):
            child.end()
        if headless or duration:
            with HistoryReader(data) as history:
                for line in summary_lines(history, plant):
                    typer.echo(line)


def _approve(plant: Plant, data: Path, clock: Clock) -> None:
    """The plant of a demonstration counts as approved: nothing real stands behind it."""
    now_ns = clock.now_ns()
    request = Request(
        id=str(uuid.uuid4()), kind=RequestKind.APPROVE_PLANT, subject=plant.hash, occurrence=0, actor="demonstration",
        role=Role.ENGINEER, second_actor="", made_ns=now_ns, valid_until_ns=now_ns + 600 * NS_PER_S,
        body={"author": plant.file.author, "reason": "simulated plant"},
    )  # fmt: skip
    submit(data, request)


def _reader(data: Path, children: list[Child]) -> RecordReader | None:
    for child in children:
        child.check()
    try:
        reader = RecordReader(data)
    except StoreError:  # not there yet, or just being made
        return None
    if reader.last_number():
        return reader
    reader.close()
    return None


def _watch(
    reader: RecordReader,
    plant: Plant,
    children: list[Child],
    control: Path,
    plan: list[tuple[float, str]],
    started: float,
    duration: float,
) -> None:
    """Print the live line and break what is planned, until the time is over or Ctrl-C."""
    from simulation.control_channel import ask

    todo, interactive = list(plan), sys.stdout.isatty()
    next_line = 0.0
    while not duration or time.monotonic() - started < duration:
        for child in children:
            child.check()
        elapsed = time.monotonic() - started
        while todo and todo[0][0] <= elapsed:
            name = todo.pop(0)[1]
            ask(control, "inject", name=name)
            typer.echo(
                f"\n{name} injected at {elapsed:.1f} s" if interactive else f"{name} injected at {elapsed:.1f} s"
            )
        if elapsed >= next_line:
            line = _live_line(reader, plant)
            typer.echo(f"\r{line}   ", nl=False) if interactive else typer.echo(line)
            next_line = elapsed + (1.0 if interactive else 10.0)
        time.sleep(0.05)
    if interactive:
        typer.echo("")

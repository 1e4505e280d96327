"""`plantsafe model`: what is normal, learnt from a plant's own past: fitted, shown, compared, taken into use."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plantsafe.cli.model_findings import findings
from plantsafe.cli.model_words import about_lines, difference_lines, shift_lines
from plantsafe.errors import RequestError, StoreError

if TYPE_CHECKING:
    from plantsafe.plant import Plant

VALID_NS = 3_600_000_000_000  # an hour, as for a plant file
Data = Annotated[Path, typer.Option(help="data folder: the record, and the models in models/")]
Actor = Annotated[str, typer.Option("--as", help="account that asks the running scan service to use it")]
Reason = Annotated[str, typer.Option(help="why it is right to judge by it")]
Begin = Annotated[str, typer.Option("--from", help="site's time as 2026-11-01T00:00; a day before --to without it")]
End = Annotated[str, typer.Option("--to", help="site's time; the newest scan without it")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="What is normal, learnt from the plant's own past.", no_args_is_help=True)
    app.add_typer(group, name="model")
    for command in (fit, show, compare, use, findings):
        group.command()(command)


def fit(
    plant: Annotated[Path, typer.Argument(help="the plant file")],
    data: Data,
    begin: Begin = "",
    end: End = "",
    csv: Annotated[
        list[Path] | None, typer.Option(help="learn from this table instead of the record; again for each run")
    ] = None,
    time_column: Annotated[str | None, typer.Option(help="what the tables call their time")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="only this unit; may be given again")] = None,
    actor: Actor = "",
    reason: Reason = "",
) -> None:
    """Learn what is normal from a span in which the plant was healthy, and say what the model is worth."""
    from plantsafe.plant.load import load_plant
    from plantsafe.store.models import write_model
    from plantsafe.training.fit import fit as learn

    loaded, units = load_plant(plant), unit or []
    if actor and not reason.strip():
        raise RequestError("a model is taken into use for a reason", mend="give --reason")
    if csv:
        if begin or end:
            raise RequestError("a table is learnt from as a whole", mend="leave out --from and --to, or cut the table")
        fitted = learn(_tables(loaded, csv, time_column, units), units=units, say=typer.echo)
    else:
        fitted = _from_record(loaded, data, begin, end, units)
    about = {**fitted.model.about, "made_ns": time.time_ns(), "made_by": actor or "command line"}
    digest = write_model(data, fitted.model.described(), about, fitted.model.arrays())
    typer.echo("\n".join(about_lines(digest, about)))
    if actor:
        _ask(data, digest, actor, reason)
    else:
        typer.echo(f"take it into use with: plantsafe model use {digest[:12]} --data {data} --as NAME --reason TEXT")


def _tables(plant: "Plant", paths: list[Path], time_column: str | None, units: list[str]) -> Any:
    from plantsafe.backtest.table import read_table
    from plantsafe.training.past import tabled

    return tabled(plant, [read_table(path, time_column) for path in paths], units)


def _from_record(plant: "Plant", data: Path, begin: str, end: str, units: list[str]) -> Any:
    from plantsafe.cli.history import span_of
    from plantsafe.history.reader import HistoryReader
    from plantsafe.scan.engine import Engine
    from plantsafe.training.fit import fit as learn
    from plantsafe.training.past import recorded
    from plantsafe.training.unwell import unwell

    unit_of = {condition.name: condition.unit for condition in Engine(plant).conditions if condition.unit}
    unit_of |= {function.name: function.unit for function in plant.file.functions}
    with HistoryReader(data) as history:
        _, from_ns, to_ns = span_of(history, begin, end)
        bad = unwell(history.record, unit_of, from_ns, to_ns)
        return learn(recorded(plant, history, from_ns, to_ns, units), bad, units, typer.echo)


def show(
    data: Data,
    model: Annotated[str, typer.Argument(help="first characters of its hash; without it the one in use")] = "",
    hours: Annotated[float, typer.Option(help="how much of the newest past is compared with the reference")] = 1.0,
) -> None:
    """What a model was learnt from, its limits and expected false findings, and how far the plant has moved from it."""
    from plantsafe.scan.model import why_accepted
    from plantsafe.store.models import models, read_about, whole_hash
    from plantsafe.store.record import RECORD, RecordReader

    used, asked = _in_use(data), ("", "")
    if not model and not used:
        there = ", ".join(digest[:12] for digest in models(data)) or "none is there"
        typer.echo(f"no model is in use: the checks learn by themselves. Models: {there}")
        return
    digest = whole_hash(data, model) if model else used
    if (data / RECORD).is_file():
        with RecordReader(data) as reader:
            asked = why_accepted(reader, digest)
    typer.echo("\n".join(about_lines(digest, read_about(data, digest)["about"])))
    by = f"in use, asked for by {asked[0]}: {asked[1]}" if asked[0] else "in use"
    typer.echo(f"state             {by if digest == used else 'not in use'}")
    if (data / RECORD).is_file():
        _show_shift(data, digest, hours)
    others = [other[:12] for other in models(data) if other != digest]
    typer.echo(f"other models      {', '.join(others) or 'none'}")


def _show_shift(data: Path, digest: str, hours: float) -> None:
    from plantsafe.history.reader import HistoryReader
    from plantsafe.plant import plant_of_document
    from plantsafe.scan.model import model_of_folder
    from plantsafe.training.past import recorded
    from plantsafe.training.shift import shifts

    if not 0.0 < hours < 24.0 * 366:
        raise RequestError(f"--hours {hours:g}", mend="give a number of hours above 0")
    with HistoryReader(data) as history:
        newest, latest = history.record.newest_plant(), history.record.latest()
        found = model_of_folder(data, digest)
        if newest is None or latest is None or found is None:
            return
        to_ns = latest.frame.time_ns + 1
        past = recorded(plant_of_document(newest[1]), history, to_ns - round(hours * 3.6e12), to_ns)
        typer.echo("\n".join(shift_lines(shifts(found, past), hours)))


def compare(
    data: Data,
    first: Annotated[str, typer.Argument(help="first characters of the hash of one")],
    second: Annotated[str, typer.Argument(help="first characters of the hash of the other")],
) -> None:
    """Where two models differ: spans, points, references, spreads, limits, expected false findings."""
    from plantsafe.scan.model import model_of_folder
    from plantsafe.store.models import whole_hash
    from plantsafe.training.shift import differences

    one, two = (model_of_folder(data, whole_hash(data, begin)) for begin in (first, second))
    assert one is not None  # noqa: S101  # a whole hash names a model
    assert two is not None  # noqa: S101  # a whole hash names a model
    typer.echo("\n".join(difference_lines(one, two, *differences(one, two))))


def use(
    model: Annotated[str, typer.Argument(help="first characters of its hash, or none: the checks learn themselves")],
    data: Data,
    actor: Annotated[str, typer.Option("--as", help="account that asks")],
    reason: Reason,
) -> None:
    """Have the running scan service judge by a model, or by none; the next scan answers, in the journal."""
    from plantsafe.request import NO_MODEL
    from plantsafe.scan.model import model_of_folder
    from plantsafe.store.models import whole_hash

    digest = NO_MODEL if model == NO_MODEL else whole_hash(data, model)
    model_of_folder(data, digest)  # one that is not whole is refused here and now
    _ask(data, digest, actor, reason)


def _in_use(data: Path) -> str:
    """Hash of the model in use, empty for none."""
    from plantsafe.request import NO_MODEL
    from plantsafe.scan.model import model_in_use
    from plantsafe.store.record import RECORD, RecordReader

    if not (data / RECORD).is_file():
        return ""
    with RecordReader(data) as reader:
        found = model_in_use(reader)
    return "" if found == NO_MODEL else found


def _ask(data: Path, digest: str, actor: str, reason: str) -> None:
    import uuid

    from plantsafe.request import MAY, Request, RequestKind
    from plantsafe.store.access import role_of
    from plantsafe.store.inbox import submit
    from plantsafe.store.record import RECORD, RecordReader

    role = role_of(data, actor)
    if role is None:
        raise RequestError(f"there is no account {actor!r}", mend="plantsafe account add, or give another --as")
    if role not in MAY[RequestKind.LOAD_MODEL]:
        raise RequestError(f"{actor} may not take a model into use", mend="ask an engineer or an administrator")
    if not (data / RECORD).is_file():
        raise StoreError(f"no scan service has run in {data}", mend="start it, then: plantsafe model use")
    with RecordReader(data) as reader:
        latest = reader.latest()
    now_ns = latest.frame.time_ns if latest is not None else time.time_ns()
    request = Request(
        id=str(uuid.uuid4()), kind=RequestKind.LOAD_MODEL, subject=digest, occurrence=0, actor=actor, role=role,
        second_actor="", made_ns=now_ns, valid_until_ns=now_ns + VALID_NS, body={"reason": reason},
    )  # fmt: skip
    submit(data, request)
    typer.echo(f"asked to use {digest[:12]}; see `plantsafe journal show --kind model_loaded --data {data}`")

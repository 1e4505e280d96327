"""`plantsafe sif`: the safety functions of a record, their figures and their ledger."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plantsafe.errors import RequestError

if TYPE_CHECKING:
    from plantsafe.protection.account import Account
    from plantsafe.protection.demand_mode import DemandMode

Data = Annotated[Path, typer.Option(help="folder of the record")]
Out = Annotated[Path | None, typer.Option(help="file to write instead: .csv or .json")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="The safety functions of a record: what they are worth, and their ledger.", no_args_is_help=True
    )
    app.add_typer(group, name="sif")
    group.command("list")(list_)
    group.command()(show)
    group.command()(history)


def list_(data: Data, out: Out = None) -> None:
    """Every function: protection now, PFD now, the period of twelve months against 1/RRF, demands, the next test."""
    rows = _read(data)
    if out is not None:
        from plantsafe.protection.account import as_json

        _write(out, [row.flat() for row in rows], as_json(rows))
        typer.echo(f"{len(rows)} functions in {out}")
        return
    head = f"{'function':16s} {'now':15s} {'vote':>6s} {'PFD now':>9s} {'RRF now':>8s} {'needs':>6s}"
    typer.echo(f"{head} {'PFD period':>10s} {'period':15s} {'dem':>4s} {'spur':>4s} next test")
    for row in rows:
        flat = row.flat()
        words = f"{row.name:16s} {row.protection:15s} {row.architecture:>6s} {_figure(row.pfd_now):>9s}"
        reach = f"{_whole(row.achieved_rrf):>8s} {row.required_rrf:6.0f}"
        period = f"{_figure(row.period_pfd):>10s} {row.period:15s}"
        ledger = f"{row.entry.demands.count:4d} {row.entry.spurious.count:4d}"
        typer.echo(f"{words} {reach} {period} {ledger} {_test(flat)}")
    for row in rows:
        if row.entry.mode.is_high:
            typer.echo(f"{row.name}: {_mode(row.entry.mode)}")


def show(function: Annotated[str, typer.Argument(help="name of the function")], data: Data, out: Out = None) -> None:
    """All figures of one function."""
    rows = _read(data)
    row = next((one for one in rows if one.name == function), None)
    if row is None:
        raise _unknown(function, [one.name for one in rows])
    if out is not None:
        from plantsafe.protection.account import as_json

        _write(out, [row.flat()], as_json((row,)))
        typer.echo(f"{row.name} in {out}")
        return
    typer.echo("\n".join(_lines(row)))


def history(
    function: Annotated[str, typer.Argument(help="name of the function")],
    data: Data,
    last: Annotated[int, typer.Option(help="how many events, the newest")] = 200,
    out: Out = None,
) -> None:
    """What the journal says of one function: demands, trips, responses, failures, bypasses, tests, credits."""
    from plantsafe.plant import plant_of_document
    from plantsafe.protection.ledger import ENTRY_KINDS
    from plantsafe.store.record import RecordReader

    with RecordReader(data) as reader:
        newest = reader.newest_plant()
        names = [] if newest is None else [f.name for f in plant_of_document(newest[1]).file.functions]
        if function not in names:
            raise _unknown(function, names)
        events = {e.seq: e for e in reader.events(kinds=ENTRY_KINDS, subject=function, newest=last)}
        tests = reader.events(kinds=("proof_test_recorded",), newest=last)
        events |= {e.seq: e for e in tests if function in json.loads(e.body)["functions"]}
    rows = [
        {
            "seq": event.seq, "time": _when(event.time_ns), "scan": event.scan, "kind": event.kind,
            "actor": event.actor, "body": event.body,
        }
        for _, event in sorted(events.items())[-last:]
    ]  # fmt: skip
    if out is not None:
        whole = [row | {"body": json.loads(str(row["body"]))} for row in rows]
        _write(out, rows, json.dumps(whole, ensure_ascii=False, indent=2))
        typer.echo(f"{len(rows)} events in {out}")
        return
    for row in rows:
        typer.echo(f"{row['seq']:7d}  {row['time']}  {row['kind']:22s} {row['actor']:12s} {row['body']}")


def _read(data: Path) -> "tuple[Account, ...]":
    from plantsafe.plant import plant_of_document
    from plantsafe.protection.account import read_accounts
    from plantsafe.store.record import RecordReader

    with RecordReader(data) as reader:
        newest = reader.newest_plant()
        return () if newest is None else read_accounts(reader, plant_of_document(newest[1]))


def _unknown(function: str, names: list[str]) -> RequestError:
    return RequestError(f"there is no function {function!r}", mend=f"name one of {', '.join(names) or 'none'}")


def _lines(row: "Account") -> list[str]:
    from plantsafe.protection.account import day
    from plantsafe.protection.period import Line

    entry, flat = row.entry, row.flat()
    repair = "no limit" if row.repair_h is None else f"of {row.repair_h:g} h"
    lines = [
        f"function           {row.name}",
        f"NOW                {row.protection}, {row.architecture or 'not seen'}",
        f"  PFD(t)           {_figure(row.pfd_now)}",
        f"  PFDavg           {_figure(row.average)}: risk reduction {_whole(row.achieved_rrf)}, "
        f"required {row.required_rrf:g}",
        f"  impaired for     {row.impaired_h:.2f} h {repair}",
        f"PERIOD             {row.period} over the last twelve months of the record",
        f"  PFDavg           {_figure(row.period_pfd)}: risk reduction {_whole(row.period_rrf)}",
        f"  service          {row.hours(Line.SERVICE):.2f} h judged",
        f"  not verifiable   {row.hours(Line.NOT_VERIFIABLE):.2f} h",
        f"  bypassed         {row.hours(Line.BYPASSED):.2f} h",
        f"  degraded         {row.hours(Line.DEGRADED):.2f} h",
        f"  no protection    {row.hours(Line.NONE):.2f} h",
        f"LEDGER             {entry.years:.2f} years of record",
        f"  demands          {_counted(entry.demands)}",
        f"  demand mode      {_mode(entry.mode)}",
        f"  spurious trips   {_counted(entry.spurious)}",
        f"  failures         {entry.failures} on demand",
        f"  bypasses         {entry.bypasses}, open: {flat['open_bypasses'] or 'none'}",
        f"  trips to review  {flat['to_credit'] or 'none'}",
    ]
    for due, implied in zip(entry.due, entry.implied, strict=True):
        tested = f"tested {day(due.tested_ns) or 'never, as far as known'}, due {day(due.due_ns) or 'not known'}"
        late = "" if due.days_left is None else f" ({due.days_left:.0f} days, {due.state})"
        lines.append(f"  {due.subsystem:16s} {tested}{late}{', deferred' if due.deferred else ''}")
        if implied.bound_per_h is not None:
            lines.append(
                f"    as found       {implied.failures.count} failed in {implied.device_h:.0f} device hours: at most "
                f"{implied.bound_per_h:.2e} an hour (70 %), assumed {_figure(implied.failures.assumed)}"
                f"{': MORE THAN ASSUMED' if implied.failures.is_unlikely else ''}"
            )
    return lines


def _counted(count: Any) -> str:
    if count.expected is None:
        return f"{count.count}, no rate assumed"
    flag = ": MORE THAN ASSUMED" if count.is_unlikely else ""
    return f"{count.count}, expected {count.expected:.2f}, probability {count.probability:.3f}{flag}"


def _mode(mode: "DemandMode") -> str:
    """Low demand, or high with the clauses and the figure that counts then."""
    seen = f"{mode.twelve_months:.1f} demands in twelve months, {mode.a_year:.2f} a year over the record"
    if not mode.is_high:
        return f"low ({seen}, at most {mode.limit:g})"
    needs = "" if mode.required_pfh is None else f", its level allows less than {mode.required_pfh:.0e}"
    return (
        f"HIGH DEMAND ({seen}; IEC 61511-1 3.2.39, IEC 61508-4 3.5.16): PFD is not the figure to judge it by; "
        f"PFH {_figure(mode.pfh_per_h)} an hour as specified{needs}"
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2e}"


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _test(flat: dict[str, Any]) -> str:
    if flat["next_test_due"] is None:
        return "not known"
    deferred = ", deferred" if flat["next_test_deferred"] else ""
    return f"{flat['next_test_due']} {flat['next_test']} ({flat['next_test_state']}{deferred})"


def _when(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns / 1e9, UTC):%Y-%m-%dT%H:%M:%S}Z"


def _write(out: Path, rows: list[dict[str, Any]], text: str) -> None:
    match out.suffix.lower():
        case ".json":
            content = text + "\n"
        case ".csv":
            buffer = io.StringIO()
            writer = csv.DictWriter(buffer, list(rows[0]) if rows else ["function"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            content = buffer.getvalue()
        case _:
            raise RequestError(f"{out.name} is neither .csv nor .json", mend="name the file so")
    try:
        out.write_text(content, encoding="utf-8-sig" if out.suffix.lower() == ".csv" else "utf-8")
    except OSError as error:
        raise RequestError(f"{out} cannot be written: {error.strerror}", mend="give another place") from error

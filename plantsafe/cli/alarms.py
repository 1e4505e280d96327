"""`plantsafe alarms`: key figures of alarm management, of our own record or of a control system's log."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plantsafe.cli.alarms_export import export
from plantsafe.cli.alarms_rationalise import rationalise
from plantsafe.errors import RequestError, StoreError

if TYPE_CHECKING:
    from plantsafe.alarms.kpi import Figures, Moves

_NS = 10**9


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Alarm management after ISA-18.2.", no_args_is_help=True)
    app.add_typer(group, name="alarms")

    @group.callback()
    def alarms() -> None:
        """Alarm management after ISA-18.2."""

    group.command()(rationalise)
    group.command()(export)

    @group.command()
    def kpi(
        data: Annotated[Path | None, typer.Option(help="folder of our own record")] = None,
        log: Annotated[Path | None, typer.Option(help="CSV file of a control system's alarm log")] = None,
        begin: Annotated[str | None, typer.Option(help="UTC, as 2026-01-31T00:00; without it the first alarm")] = None,
        end: Annotated[str | None, typer.Option(help="UTC; without it the last alarm")] = None,
        strict: Annotated[bool, typer.Option(help="a flood is more than ten in ten minutes, not ten")] = False,
        time: Annotated[str, typer.Option(help="column of the time")] = "timestamp",
        tag: Annotated[str, typer.Option(help="column of the tag")] = "tag",
        kind: Annotated[str, typer.Option(help="column of the limit or the return")] = "type",
        priority: Annotated[str, typer.Option(help="column of the priority; without it all are medium")] = "",
        priority_word: Annotated[list[str] | None, typer.Option(help="WORD=1..4; may be given again")] = None,
        zone: Annotated[str, typer.Option(help="time zone of the log, as Asia/Shanghai")] = "UTC",
        console: Annotated[str, typer.Option(help="one operator console; of our own record, else each in turn")] = "",
        console_column: Annotated[str, typer.Option(help="column of the console, where a log has several")] = "",
    ) -> None:
        """Rates, peaks, floods, frequent, chattering, fleeting and stale alarms, a console at a time.

        Give either our own record or a control system's log: they are never counted together.
        """
        from plantsafe.alarms.console import at_console
        from plantsafe.alarms.dcs_log import Columns, read_dcs_log
        from plantsafe.alarms.kpi import figures
        from plantsafe.alarms.own_log import own_moves
        from plantsafe.store.record import RecordReader

        end_ns = None if end is None else _utc_ns(end)
        if (data is None) == (log is None):
            raise RequestError("give --data or --log, one of them", mend="they are never counted together")
        if data is not None:
            with RecordReader(data) as reader:
                moves, described = own_moves(reader, end_ns or 2**62), reader.newest_plant()
            known, of = ((), {}) if described is None else _consoles(described[1])
            if console and console not in known:
                mend = f"name one of {', '.join(known)}" if known else "the plant file names none"
                raise RequestError(f"there is no console {console!r}", mend=mend)
            chosen = {name: at_console(moves, name, of) for name in ((console,) if console else known)} or {"": moves}
        else:
            assert log is not None  # noqa: S101  # one of both is given
            if bool(console) != bool(console_column):
                raise RequestError("a log of several consoles", mend="give --console NAME and --console-column COLUMN")
            words = dict(word.partition("=")[::2] for word in priority_word or ())
            if any(number not in ("1", "2", "3", "4") for number in words.values()):
                raise RequestError("a priority is not 1 to 4", mend="write --priority-word HIGH=2")
            columns = Columns(
                time=time, tag=tag, kind=kind, priority=priority, zone=zone, console=console_column, of_console=console
            )
            if words:
                columns = replace(columns, priorities={word: int(number) for word, number in words.items()})
            moves = read_dcs_log(log, columns)
            chosen = {console: moves}
        if not len(moves.time_ns):
            raise StoreError("there is no alarm in it", mend="give a record or a log with alarms")
        first, last = int(moves.time_ns[0]), int(moves.time_ns[-1])
        begin_ns = first if begin is None else _utc_ns(begin)
        stop_ns = last + 1 if end_ns is None else end_ns
        if stop_ns <= begin_ns:
            raise RequestError("the period ends before it begins", mend="give --end after --begin")
        for name, mine in chosen.items():
            if name:
                typer.echo(f"console           {name}")
            typer.echo("\n".join(_lines(figures(mine, begin_ns, stop_ns, strict=strict), mine)))


def _consoles(document: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The consoles of a plant description, and that of each of its conditions."""
    from plantsafe.alarms.console import consoles, consoles_of
    from plantsafe.plant import plant_of_document
    from plantsafe.scan.engine import Engine

    plant = plant_of_document(document)
    named = consoles(plant)
    if not named:
        return (), {}
    conditions = Engine(plant).conditions
    return named, dict(zip((c.name for c in conditions), consoles_of(plant, conditions), strict=True))


def _utc_ns(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise RequestError(f"{text!r} is no time", mend="write it as 2026-01-31T00:00") from error
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * _NS


def _when(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns / _NS, UTC):%Y-%m-%d %H:%M:%S}Z"


def _lines(found: "Figures", moves: "Moves") -> list[str]:
    """The figures, one a line."""
    shares = ", ".join(f"{p}: {share:.1%}" for p, share in found.priority_share.items()) or "none"
    lines = [
        f"period            {_when(found.begin_ns)} to {_when(found.end_ns)}",
        f"annunciations     {found.count}",
        f"average           {found.per_10_min:.2f} in 10 min, {found.per_hour:.1f} an hour, {found.per_day:.0f} a day",
        f"peak              {found.peak_10_min} in 10 min",
        f"over 10 in 10 min {found.busy_intervals_share:.1%} of the intervals",
        f"over 30 an hour   {found.busy_hours_share:.1%} of the hours",
        f"floods            {len(found.floods)} ({found.flood_mode}), {found.flood_share:.1%} of the time",
        f"priorities        {shares}",
        f"level (EEMUA 191) {found.level}",
    ]
    for flood, name in zip(found.floods[:20], found.flood_first, strict=False):
        over = "not over" if flood.end_ns is None else f"until {_when(flood.end_ns)}"
        lines.append(f"  flood from {_when(flood.first_ns)} {over}: {flood.count} alarms, first {name}")
    lines.append(f"ten most frequent {found.top_share:.1%} of all")
    lines += [f"  {entry.count:6d}  {entry.name}" for entry in found.top]
    for word, some in (("chattering", found.chattering), ("fleeting", found.fleeting)):
        lines.append(f"{word:17s} {len(some)} alarms")
        lines += [f"  {entry.count:6d}  {entry.name}" for entry in some[:10]]
    for word, names in (("stale", found.stale), ("standing", found.standing), ("shelved", found.shelved)):
        lines.append(f"{word:17s} {len(names)}{': ' if names else ''}{', '.join(names[:10])}")
    if moves.acknowledges:
        lines += [
            f"acknowledged      priority {one.priority}: half within {one.p50_s:.0f} s, 95 % within {one.p95_s:.0f} s"
            for one in found.ack_times
        ]
    else:
        lines.append("acknowledged      the log has no acknowledgements")
    return lines + _hints(moves, found)


def _hints(moves: "Moves", found: "Figures") -> list[str]:
    """What always comes together, for rationalisation."""
    from plantsafe.alarms.kpi import CAME
    from plantsafe.alarms.together import pairs, sequences

    came = (moves.what == CAME) & (moves.time_ns >= found.begin_ns) & (moves.time_ns < found.end_ns)
    time_ns, alarm = moves.time_ns[came], moves.alarm[came]
    lines = [
        f"always together   {pair.first} and {pair.second}: {pair.times} times, the first one first in "
        f"{pair.first_share:.0%}, half within {pair.lag_s:.0f} s"
        for pair in pairs(moves.names, time_ns, alarm)
    ]
    return lines + [
        f"common sequence   {' > '.join(one.names)}: {one.times} times"
        for one in sequences(moves.names, time_ns, alarm)
    ]

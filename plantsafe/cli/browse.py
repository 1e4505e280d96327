"""`plantsafe browse`: a first plant file from what an OPC UA server tells of itself."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plantsafe.cli.new_file import UTF8_FOR_EXCEL, say_first_file, write_files
from plantsafe.errors import RequestError

if TYPE_CHECKING:
    from connectors.opcua.first_points import FirstPoints
    from connectors.opcua.security import Security

NAMED_AT_MOST = 10  # site default: the command prints no more names than a person reads; the table has all


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(browse)


def browse(
    url: Annotated[str, typer.Argument(help="opc.tcp://HOST:PORT/PATH of the server")],
    out: Annotated[Path, typer.Option(help="plant file to write; its tables are written beside it")],
    security: Annotated[str, typer.Option(help="None, Basic256Sha256 or Aes256Sha256RsaPss")] = "None",
    security_mode: Annotated[str, typer.Option(help="Sign or SignAndEncrypt")] = "SignAndEncrypt",
    certificates: Annotated[Path | None, typer.Option(help="folder of our certificate and the trusted ones")] = None,
    user: Annotated[str | None, typer.Option(help="name to sign in with")] = None,
    password_env: Annotated[str | None, typer.Option(help="variable of the environment with the password")] = None,
    site: Annotated[str, typer.Option(help="name of the site: letters, digits, dash")] = "site",
    workshop: Annotated[str, typer.Option(help="name of the workshop")] = "WS1",
    unit: Annotated[str, typer.Option(help="unit of all points; without it folders of the server are units")] = "",
    span: Annotated[str, typer.Option("--range", help="LOW:HIGH for points without a range of their own")] = "",
    force: Annotated[bool, typer.Option(help="overwrite the files that are there")] = False,
) -> None:
    """Read what the server tells of itself, without writing to it, into a first plant file and a table of points."""
    from connectors.opcua.browse import browse as walk
    from connectors.opcua.first_points import first_points
    from plantsafe.plant.model import ProcessType
    from plantsafe.plant.new import FILL, Answers, first_file
    from plantsafe.plant.table_file import ALARM_COLUMNS, points_text, table_text

    folder = certificates or (out.parent / "certificates" if security != "None" else None)
    ends = _ends(span) if span else None
    nodes = asyncio.run(walk(url, _security(security, security_mode, folder, user, password_env)))
    found = first_points(nodes, source="DCS", unit=unit, fill=FILL, span=ends)
    if not found.points:
        raise RequestError(
            f"{url} has no variable that could be a point ({len(found.left_out)} left out)",
            mend="see that the account may browse, and that the address is that of the process values",
        )
    points, limits = out.with_suffix(".points.csv"), out.with_suffix(".alarms.csv")
    secured = {"security": security, "security_mode": security_mode, "certificates": str(folder)}
    login = {"user": user or "", "password_env": password_env or ""}
    text = first_file(
        Answers(
            author=os.environ.get("USER", "author"),
            site=site,
            title=site,
            workshop=workshop,
            unit=found.units[0],
            more_units=found.units[1:],
            process=ProcessType.UTILITY,
            opcua=url,
            namespace=found.namespace,
            points_table=points.name,
            limits_table=limits.name if found.limits else "",
            security=tuple(secured.items()) if security != "None" else (),
            login=tuple(login.items()) if user else (),
            heartbeat=_free("HB-DCS", {row["name"] for row in found.points}),
        )
    )
    texts = {out: (text, "utf-8"), points: (points_text(found.points), UTF8_FOR_EXCEL)}
    if found.limits:
        texts[limits] = (table_text(ALARM_COLUMNS, found.limits), UTF8_FOR_EXCEL)
    write_files(texts, force=force)
    also = f", {len(found.limits)} limits into {limits}" if found.limits else ""
    typer.echo(f"{len(found.points)} points into {points}{also}")
    _say_left(found)
    say_first_file(out, text)


def _say_left(found: "FirstPoints") -> None:
    if found.without_range:
        typer.echo(f"{len(found.without_range)} points without a range: {_some(found.without_range)}")
        typer.echo("  fill in range.low and range.high of each, or say --range LOW:HIGH for all of them")
    if found.left_out:
        typer.echo(f"{len(found.left_out)} variables left out:")
        by_reason: dict[str, list[str]] = {}
        for path, reason in found.left_out:
            by_reason.setdefault(reason, []).append(path)
        for reason, paths in by_reason.items():
            typer.echo(f"  {reason}: {_some(paths)}")


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free(f"{name}-clock", taken)


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED_AT_MOST
    return ", ".join(names[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def _security(policy: str, mode: str, folder: Path | None, user: str | None, password_env: str | None) -> "Security":
    from connectors.opcua.security import Security

    if policy not in ("None", "Basic256Sha256", "Aes256Sha256RsaPss") or mode not in ("Sign", "SignAndEncrypt"):
        raise RequestError(
            f"there is no security {policy} {mode}",
            mend="give None, Basic256Sha256 or Aes256Sha256RsaPss, and Sign or SignAndEncrypt",
        )
    if (user is None) != (password_env is None):
        raise RequestError("a login needs --user and --password-env", mend="name the variable that holds the password")
    password = os.environ.get(password_env) if password_env is not None else None
    if password_env is not None and password is None:
        raise RequestError(f"the variable {password_env} is not set", mend=f"set {password_env} to the password")
    return Security(policy=policy, mode=mode, folder=folder, user=user, password=password)  # type: ignore[arg-type]  # looked at above


def _ends(text: str) -> tuple[float, float]:
    low, colon, high = text.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = (0.0, 0.0)
    if not colon or ends[0] >= ends[1]:
        raise RequestError(f"--range {text!r} is no range", mend="give LOW:HIGH, as 0:100")
    return ends

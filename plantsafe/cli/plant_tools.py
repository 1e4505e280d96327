"""`plantsafe plant import`, `new`, `schema` and `synth`: tools for the person who writes the plant file."""

import os
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.cli.new_file import UTF8_FOR_EXCEL, say_first_file, write_files
from plantsafe.errors import RequestError, StoreError


def register_tools(group: typer.Typer) -> None:
    """Add the commands."""
    group.command(name="import")(_import)
    group.command(name="new")(_new)
    group.command(name="schema")(_schema)
    group.command(name="synth")(_synth)


def _import(
    instruments: Annotated[Path, typer.Argument(metavar="LIST", help="the instrument list: .xlsx or .csv")],
    source: Annotated[str, typer.Option(help="the source that the points are read from")],
    out: Annotated[Path, typer.Option(help="table of points to write, for `points: {table: ...}`")],
    report: Annotated[Path, typer.Option(help="report to write: what was changed or left out, and why")],
    alarms: Annotated[Path | None, typer.Option(help="table of the list's limits to write, to be rationalised")] = None,
    unit: Annotated[str | None, typer.Option(help="the unit of rows that name none")] = None,
    unit_name: Annotated[list[str] | None, typer.Option(help="NAME IN THE LIST=UNIT; again for each")] = None,
    protocol: Annotated[str | None, typer.Option(help="opcua or modbus, where rows have both addresses")] = None,
    namespace: Annotated[list[str] | None, typer.Option(help="INDEX=URI of an OPC UA namespace")] = None,
    node_pattern: Annotated[str | None, typer.Option(help="for lists without addresses, as 's={name}.PV'")] = None,
    sheet: Annotated[list[str] | None, typer.Option(help="read this sheet; again for each; all without it")] = None,
    force: Annotated[bool, typer.Option(help="overwrite the files that are there")] = False,
) -> None:
    """Read an instrument list into a table of points; every row that is changed or left out is in the report."""
    from plantsafe.plant.instrument_list import ImportSettings, import_list
    from plantsafe.plant.instrument_report import limits_table, points_table, report_text

    if protocol not in (None, "opcua", "modbus"):
        raise RequestError(f"there is no protocol {protocol!r}", mend="give opcua or modbus")
    if node_pattern is not None and ("{name}" not in node_pattern or node_pattern[:2] not in ("s=", "i=", "g=", "b=")):
        raise RequestError(f"{node_pattern!r} is no pattern of a node", mend="give one such as 's={name}.PV'")
    indices = _pairs(namespace or [], "--namespace", "2=urn:vendor:dcs")
    if bad := [index for index in indices if not index.isdigit()]:
        raise RequestError(f"{bad[0]!r} is no namespace index", mend="give --namespace 2=urn:vendor:dcs")
    imported = import_list(
        instruments,
        ImportSettings(
            source=source,
            unit=unit,
            units=_pairs(unit_name or [], "--unit-name", "硝化单元=R101"),
            protocol="opcua" if protocol == "opcua" else "modbus" if protocol == "modbus" else None,
            namespaces={int(index): uri for index, uri in indices.items()},
            node_pattern=node_pattern,
            sheets=tuple(sheet or ()),
        ),
    )
    texts = {out: (points_table(imported.points), UTF8_FOR_EXCEL), report: (report_text(imported), "utf-8")}
    if alarms is not None:
        texts[alarms] = (limits_table(imported), UTF8_FOR_EXCEL)
    write_files(texts, force=force)
    left = len(imported.rows_with("left out"))
    typer.echo(f"{len(imported.points)} points into {out}, {left} rows left out; read {report}")
    if alarms is not None:
        typer.echo(f"{len(imported.limits)} limits into {alarms}; each is to be rationalised before it is an alarm")


def _new(
    file: Annotated[Path, typer.Argument(help="the plant file to write")] = Path("plant.yaml"),
    author: Annotated[str | None, typer.Option(help="who writes the file")] = None,
    site: Annotated[str | None, typer.Option(help="name of the site: letters, digits, dash")] = None,
    title: Annotated[str | None, typer.Option(help="the site in words")] = None,
    workshop: Annotated[str | None, typer.Option(help="name of the first workshop")] = None,
    unit: Annotated[str | None, typer.Option(help="name of the first unit")] = None,
    process: Annotated[str | None, typer.Option(help="what the unit runs")] = None,
    opcua: Annotated[str | None, typer.Option(help="opc.tcp://HOST:PORT of the control system, '' for none")] = None,
    namespace: Annotated[str, typer.Option(help="URI of the namespace of the control system's points")] = "",
    modbus: Annotated[str | None, typer.Option(help="tcp://HOST:PORT of the safety system, '' for none")] = None,
    schema_file: Annotated[str, typer.Option(help="path of the JSON Schema, for the line that editors read")] = "",
    defaults: Annotated[bool, typer.Option(help="take the default for what is not given; ask nothing")] = False,
) -> None:
    """Ask a few questions and write a first plant file with comments; what is given as an option is not asked."""
    from plantsafe.plant.model import ProcessType
    from plantsafe.plant.new import Answers, first_file

    if file.exists():
        raise StoreError(f"{file} is there already", mend="give another name; a first file is never written over one")

    def ask(given: str | None, question: str, default: str) -> str:
        if given is not None or defaults:
            return default if given is None else given
        return str(typer.prompt(question, default=default))

    kinds = [kind.value for kind in ProcessType]
    author = ask(author, "Who writes the file", os.environ.get("USER", "author"))
    site = ask(site, "Name of the site (letters, digits, dash)", "site")
    title = ask(title, "The site in words", site)
    workshop = ask(workshop, "Name of the first workshop", "WS1")
    unit = ask(unit, "Name of the first unit", "R101")
    opcua = ask(opcua, "OPC UA address of the control system ('-' for none)", "opc.tcp://127.0.0.1:4840")
    modbus = ask(modbus, "Modbus address of the safety system ('-' for none)", "tcp://127.0.0.1:502")
    kind = ask(process, f"What the unit runs ({', '.join(kinds)})", ProcessType.UTILITY.value)
    if kind not in kinds:
        raise RequestError(f"there is no process type {kind!r}", mend=f"give one of {', '.join(kinds)}")
    opcua, modbus = ("" if address == "-" else address for address in (opcua, modbus))
    if not opcua and not modbus:
        raise RequestError("no source: neither OPC UA nor Modbus", mend="give the address of one of them")
    text = first_file(
        Answers(
            author=author,
            site=site,
            title=title,
            workshop=workshop,
            unit=unit,
            process=ProcessType(kind),
            opcua=opcua,
            namespace=namespace,
            modbus=modbus,
            schema_file=schema_file,
        )
    )
    write_files({file: (text, "utf-8")}, force=False)
    say_first_file(file, text)


def _schema(
    part: Annotated[bool, typer.Option(help="for a file that a plant file includes")] = False,
) -> None:
    """Print the JSON Schema of plant files, for editors."""
    import json

    from plantsafe.plant.schema import plant_schema

    typer.echo(json.dumps(plant_schema(part=part), indent=2, ensure_ascii=False))


def _synth(
    folder: Annotated[Path, typer.Argument(help="folder to write the plant file and its tables into")],
    points: Annotated[int, typer.Option(help="how many points")] = 1_000,
    seed: Annotated[int, typer.Option(help="the same seed writes the same bytes")] = 1,
    plants: Annotated[int, typer.Option(help="a fleet: so many plants, a folder each")] = 1,
) -> None:
    """Write a made-up plant of any size, with alarms and safety functions, for load tests."""
    from simulation.synthetic import write_fleet, write_plant

    if folder.exists() and any(folder.iterdir()):
        raise StoreError(f"{folder} is not empty", mend="name a new folder")
    if plants == 1:
        files: tuple[Path, ...] = (write_plant(folder, points=points, seed=seed),)
    else:
        files = write_fleet(folder, plants=plants, points=points, seed=seed)
    typer.echo("\n".join(str(file) for file in files))


def _pairs(given: list[str], option: str, example: str) -> dict[str, str]:
    pairs = dict(item.partition("=")[::2] for item in given)
    if not all(key and value for key, value in pairs.items()):
        raise RequestError(f"{option} has no NAME=VALUE", mend=f"give {option} {example}")
    return pairs

"""`plantsafe plant doc`: the plant file as a booklet."""

import time
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.errors import RequestError, StoreError


def register_doc(group: typer.Typer) -> None:
    """Add the command."""

    @group.command()
    def doc(
        plant: Annotated[Path, typer.Argument(help="the plant file")],
        out: Annotated[Path, typer.Option(help="file to write: .pdf or .html")],
        language: Annotated[str, typer.Option(help="en or zh")] = "en",
    ) -> None:
        """Write the plant file as a booklet: points, alarms with their rationalisation, functions, matrix."""
        from plantsafe.plant import load_plant
        from plantsafe.plant.booklet import render_html, render_pdf

        kind = out.suffix.lower()
        if kind not in (".pdf", ".html", ".htm"):
            raise RequestError(
                f"no booklet is written as {kind or 'a file without an ending'}", mend="end the name in .pdf or .html"
            )
        render = render_pdf if kind == ".pdf" else render_html
        content = render(load_plant(plant), language=language, made_ns=time.time_ns())
        try:
            out.write_bytes(content)
        except OSError as error:
            raise StoreError(
                f"{out} cannot be written: {error.strerror}", mend="give a folder that can be written"
            ) from None
        typer.echo(f"{out}: {len(content)} bytes")

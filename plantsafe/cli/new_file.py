"""Files that a command writes for a person: none over another unasked, and what is left to fill in."""

from collections.abc import Mapping
from pathlib import Path

import typer

from plantsafe.errors import PlantFileError, StoreError

UTF8_FOR_EXCEL = "utf-8-sig"  # Excel reads a CSV file as UTF-8 only with the mark at its begin


def write_files(texts: Mapping[Path, tuple[str, str]], *, force: bool) -> None:
    """Write each text in its encoding; none of them when one file is there already and `force` is not said."""
    for path in texts:
        if path.exists() and not force:
            raise StoreError(f"{path} is there already", mend="give another name, or --force")
    for path, (text, encoding) in texts.items():
        try:
            path.write_text(text, encoding=encoding)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror}", mend="give a folder that can be written"
            ) from None


def say_first_file(file: Path, text: str) -> None:
    """Name the places of a first plant file that wait for a person, and the mistakes that `check` finds until then."""
    from plantsafe.plant.load import check_plant
    from plantsafe.plant.new import to_fill

    typer.echo(f"{file} written")
    for number, words in to_fill(text):
        typer.echo(f"  {file}:{number}: fill in {words}")
    try:
        check_plant(file)
    except PlantFileError as error:
        typer.echo(f"before it can be used:\n{error}")
    else:
        typer.echo(f"it can be used as it is; after each change: plantsafe check {file}")

"""The seals that a data folder holds itself, looked at as a row."""

from pathlib import Path

from plantsafe.errors import DamagedFileError
from plantsafe.journal.seal import Seal, seal_of, seals_chained
from plantsafe.store.seals import SEALS, SealReader


def kept_seals(folder: Path) -> list[Seal]:
    """Every seal in seals.db, none where there is no such file; raises DamagedFileError where they are no chain."""
    if not (folder / SEALS).is_file():
        return []
    with SealReader(folder) as reader:
        found = [seal_of(document, str(folder / SEALS)) for document in reader.documents()]
    if wrong := seals_chained(found):
        raise DamagedFileError(f"{folder / SEALS}: {wrong}", mend="compare it with the seals outside")
    return found

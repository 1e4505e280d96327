"""The booklet as PDF, by typst."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources

from plantsafe.language import language_of
from plantsafe.plant.booklet.content import booklet_of
from plantsafe.plant.tables import Plant
from plantsafe.typesetting import typeset


def render_pdf(plant: Plant, *, language: str, made_ns: int, families: Sequence[str] | None = None) -> bytes:
    """The PDF; `families`: the fonts that may be used, all of the machine's without it.

    Without a Chinese font a Chinese booklet is printed in English, and the footer says so.
    """
    return typeset(
        resources.files("plantsafe.plant.booklet").joinpath("booklet.typ").read_bytes(),
        lambda shown: asdict(booklet_of(plant, language=shown, made_ns=made_ns)),
        language=language_of(language),
        made_ns=made_ns,
        families=families,
    )

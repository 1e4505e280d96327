"""The booklet of a compiled plant: its chapters in the order in which a stranger reads them."""

from plantsafe.language import language_of, moment
from plantsafe.plant.booklet.document import Booklet
from plantsafe.plant.booklet.judging import alarms_chapter, functions_chapter
from plantsafe.plant.booklet.matrix import matrix_chapter
from plantsafe.plant.booklet.measuring import gas_chapter, points_chapter, sources_chapter
from plantsafe.plant.booklet.phrase import phrase_of
from plantsafe.plant.booklet.places import head_facts, people_chapter, places_chapter, units_chapter
from plantsafe.plant.booklet.registers import registers_chapter
from plantsafe.plant.tables import Plant

_CHAPTERS = (
    places_chapter, units_chapter, points_chapter, alarms_chapter, functions_chapter, matrix_chapter, gas_chapter,
    registers_chapter, people_chapter, sources_chapter,
)  # fmt: skip


def booklet_of(plant: Plant, *, language: str, made_ns: int) -> Booklet:
    """The booklet in `language` (en or zh); `made_ns`: UTC nanoseconds that it is dated with."""
    to = language_of(language)
    phrase = phrase_of(plant.file, to)
    site = plant.file.site
    made = moment(made_ns, site.timezone)
    return Booklet(
        language=to,
        title=phrase.label("title"),
        site=phrase.of(site.title),
        head=head_facts(phrase, plant.hash, made),
        status=phrase.label("status"),
        contents=phrase.label("contents"),
        page=phrase.label("page"),
        footer=f"{phrase.of(site.title)} · {plant.hash[:12]} · {made}",
        chapters=tuple(chapter(phrase) for chapter in _CHAPTERS),
    )

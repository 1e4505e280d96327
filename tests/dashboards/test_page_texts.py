"""Nothing on the pages is untranslated, and what is compiled is what is written."""

import string

from dashboard_scene import demo_plant

from dashboards.catalogue import PO, compiled, template, written
from dashboards.components.events import KIND_WORDS
from dashboards.language import Tongue
from plantsafe.scan.engine import Engine


def test_every_message_of_the_sources_has_its_chinese() -> None:
    chinese = {message.id: message.string for message in written() if message.id}
    wanted = {message.id for message in template() if message.id}
    assert sorted(wanted - set(chinese)) == []
    assert sorted(set(chinese) - wanted) == []
    assert sorted(key for key, text in chinese.items() if not text) == []


def test_compiled_catalogue_is_that_of_the_written_one() -> None:
    assert PO.with_suffix(".mo").read_bytes() == compiled(written())


def test_translations_have_the_places_of_their_messages() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for message in written():
        if message.id:
            assert places(str(message.id)) == places(str(message.string)), message.id


def test_message_inside_an_f_string_is_found() -> None:
    ids = {message.id for message in template()}
    assert "Values" in ids
    assert "none" in ids


def test_tongues_answer_in_their_language() -> None:
    assert Tongue("en")("Alarms") == "Alarms"
    assert Tongue("zh")("Alarms") == "报警"
    assert Tongue("zh").text({"en": "only English"}) == "only English"


def test_every_kind_of_condition_has_its_word() -> None:
    kinds = {condition.kind for condition in Engine(demo_plant()).conditions}
    assert sorted(kinds - set(KIND_WORDS) - {"HH", "H", "L", "LL"}) == []

"""What the pages say, in English or Chinese: gettext catalogues in locale/, names of things from the plant file."""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from plantsafe.plant.model import Text

LANGUAGES = {"en": "English", "zh": "中文"}
LOCALE = Path(__file__).parent / "locale"
DOMAIN = "plantsafe"


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALE, [code], fallback=code == "en")


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language. Called with an English message it gives the message of this language."""

    code: str

    def __call__(self, message: str) -> str:
        return _catalogue(self.code).gettext(message)

    def text(self, text: Text | Mapping[str, str]) -> str:
        """The text of the plant file in this language, the English one where it is missing."""
        texts = text.model_dump() if isinstance(text, Text) else text
        return texts.get(self.code) or texts.get("en", "")


def n_(message: str) -> str:
    """Marks a message of a table for extraction; it is translated where it is shown."""
    return message


def tongue_of(code: str | None) -> Tongue:
    """The language of a code as browsers send it (`zh-CN`), English for others."""
    return Tongue("zh" if (code or "").lower().startswith("zh") else "en")

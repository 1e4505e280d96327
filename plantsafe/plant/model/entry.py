"""What all entries of the plant file share: frozen, no unknown keys, and rules of their own that name their field."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=80)]


@dataclass(frozen=True, slots=True)
class Refers:
    """Says of a name that it is the name of another entry, and of which kind (see `plantsafe.plant.references`)."""

    kind: str


PointName = Annotated[Name, Refers("point")]
FunctionName = Annotated[Name, Refers("function")]
UnitName = Annotated[Name, Refers("unit")]
WorkshopName = Annotated[Name, Refers("workshop")]
PartitionName = Annotated[Name, Refers("partition")]
OWN = "own_rule"  # the pydantic error type of a rule in `own_mistakes`


def _is_day(text: str) -> str:
    date.fromisoformat(text)
    return text


Day = Annotated[str, AfterValidator(_is_day), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Found(NamedTuple):
    """What a rule found: the path inside its entry, what is wrong, what would mend it, the rule's short name."""

    where: tuple[str | int, ...]
    wrong: str
    mend: str
    rule: str = "meaning"


class Entry(BaseModel):
    """Base of all entries: unknown keys are mistakes, values do not change after loading, numbers are finite."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=False, allow_inf_nan=False, use_attribute_docstrings=True
    )

    def own_mistakes(self) -> Iterator[Found]:
        """What is wrong with the entry as a whole, seen without any other entry."""
        return iter(())


class Ruled(Entry):
    """An entry with rules of its own: `own_mistakes` finds nothing in any that was made."""

    @model_validator(mode="after")
    def _own_rules_hold(self) -> Self:
        for found in self.own_mistakes():
            raise PydanticCustomError(OWN, "{wrong}; {mend}", {"wrong": found.wrong, "mend": found.mend})
        return self


class Text(Entry):
    """A text in both languages."""

    en: str
    """English words."""
    zh: str
    """Chinese words."""


class Waiver(Entry):
    """Why something that was not shown is accepted for a while."""

    reason: str = Field(min_length=1)
    """Why it is accepted."""
    until: Day
    """Last day of the waiver; after it, it counts as absent."""
    approved_by: str = Field(min_length=1)
    """Who accepted it."""

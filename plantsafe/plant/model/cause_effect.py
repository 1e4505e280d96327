"""Causes and effects: which cause brings about which effect, when, and what the effect needs to be possible."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from plantsafe.plant.model.entry import Found, FunctionName, Name, Refers, Ruled, Text, UnitName, Waiver


class Precondition(Ruled):
    """What an effect needs: an expression that is true while it is there, or an entry of a register in its term."""

    name: Name
    """Short name, unique in its effect."""
    title: Text
    """The precondition in words."""
    expression: str | None = None
    """True while it is there: instrument air, cooling reserve, an empty vessel."""
    register_entry: Annotated[Name, Refers("register entry")] | None = None
    """Instead of an expression: an entry of a register that must be in its term."""

    def own_mistakes(self) -> Iterator[Found]:
        """One way to judge it."""
        if (self.expression is None) == (self.register_entry is None):
            mend = "give either expression or register_entry"
            yield Found((), "a precondition is judged in one way", mend, "precondition")


class Effect(Ruled):
    """One column: what is done to the plant. elements: final elements of functions, by their names."""

    name: Name
    """Short name, unique among effects."""
    title: Text
    """What is done to the plant, in words."""
    unit: UnitName
    """Process unit that it acts on."""
    elements: tuple[Annotated[Name, Refers("final element")], ...] = ()
    """Final elements of functions that it moves."""
    preconditions: tuple[Precondition, ...] = ()
    """What it needs to be possible; at least one."""

    def own_mistakes(self) -> Iterator[Found]:
        """An effect that needs nothing does not exist."""
        if not self.preconditions:
            mend = "say what it needs: air, power, cooling, an empty vessel, a test in its term"
            yield Found((), f"effect {self.name} has no preconditions", mend, "precondition")


class Cell(Ruled):
    """Where a cause meets an effect."""

    effect: Annotated[Name, Refers("effect")]
    """Which effect."""
    action: Literal["X", "T", "P", "I", "A"]
    """X trips, T trips after `delay_s`, P is a permissive, I inhibits, A only tells people (ISO 10418 usage)."""
    delay_s: float = Field(default=0.0, ge=0)
    """Delay of T."""
    reset: bool = True
    """Whether the effect stays until somebody resets it."""
    override: Literal["none", "start_up"] = "none"
    """Whether it may be overridden while starting up."""

    def own_mistakes(self) -> Iterator[Found]:
        """A delay belongs to T, and T has one."""
        if (self.action == "T") != (self.delay_s > 0):
            wrong = f"action {self.action} with delay_s {self.delay_s:g}"
            yield Found(("action",), wrong, "T has a delay_s over 0, the others have none", "cell")


class CauseRow(Ruled):
    """One row: a safety function, an alarm or an expression, and its cells."""

    name: Name
    """Short name, unique among rows."""
    title: Text
    """The cause in words."""
    function: FunctionName | None = None
    """The cause is the trip of this function."""
    alarm: Annotated[Name, Refers("alarm")] | None = None
    """The cause is this alarm."""
    expression: str | None = None
    """The cause is that this expression is true."""
    bypass_allowed: bool
    """Whether the cause may be bypassed."""
    reset_permit: str | None = None
    """Expression that must be true for a reset."""
    cells: tuple[Cell, ...] = Field(min_length=1)
    """Its effects, each once."""
    unproved: Waiver | None = None
    """Lets `plantsafe scenario prove` pass although no scenario shows the row."""

    def own_mistakes(self) -> Iterator[Found]:
        """One cause, each effect once."""
        if sum(one is not None for one in (self.function, self.alarm, self.expression)) != 1:
            yield Found((), "a row has one cause", "give either function, alarm or expression", "cause")
        seen: set[str] = set()
        for i, cell in enumerate(self.cells):
            if cell.effect in seen:
                yield Found(("cells", i, "effect"), f"{cell.effect} is in this row already", "remove one cell", "cell")
            seen.add(cell.effect)

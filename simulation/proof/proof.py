"""What was shown of the whole plant: every function and every row of its causes and effects, with what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from plantsafe.plant.model import CauseRow, PlantFile, SafetyFunction, Waiver
from simulation.proof.demonstration import Demonstration, Standing, Why

_GRAVITY = (Standing.RED, Standing.PROVED, Standing.NOT_DEMONSTRABLE, Standing.UNPROVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A function or a row. worst: the demonstration that decides, with the least margin; None: no scenario demands it.

    waiver: one that has not ended. expired: one that has.
    """

    name: str
    title: Mapping[str, str]
    function: str | None
    standing: Standing
    why: Why | None
    worst: Demonstration | None
    others: int
    missing: tuple[str, ...]
    waiver: Waiver | None
    expired: Waiver | None

    @property
    def holds(self) -> bool:
        """Proved, or waived for now."""
        return self.standing is Standing.PROVED or self.waiver is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """All claims of a plant on a day. `misfits`: scenarios that name what this plant does not have."""

    plant: str
    day: date
    functions: tuple[Claim, ...]
    rows: tuple[Claim, ...]
    misfits: tuple[str, ...]
    cpu_s: float

    @property
    def holds(self) -> bool:
        """Every claim proved, or waived for now."""
        return all(claim.holds for claim in (*self.functions, *self.rows))


def claim_all(
    file: PlantFile, plant_hash: str, shown: Sequence[Demonstration], day: date, misfits: tuple[str, ...] = ()
) -> Proof:
    """Judge every function and row of a plant file by what was demonstrated."""
    of: dict[str, list[Demonstration]] = {}
    for one in shown:
        of.setdefault(one.function, []).append(one)
    functions = tuple(_of_function(function, of.get(function.name, []), day) for function in file.functions)
    moved = {effect.name: effect.elements for effect in file.effects}
    rows = tuple(_of_row(row, moved, of.get(row.function or "", []), day) for row in file.causes_and_effects)
    return Proof(
        plant=plant_hash,
        day=day,
        functions=functions,
        rows=rows,
        misfits=misfits,
        cpu_s=sum(one.cpu_s for one in shown),
    )


def deciding(shown: Sequence[Demonstration]) -> Demonstration | None:
    """What decides over several scenarios: a red one before a proved one, and of these the one with the least margin.

    A scenario that the function cannot avert counts only where no other shows anything: it is another layer's.
    """

    def order(one: Demonstration) -> tuple[int, float]:
        return _GRAVITY.index(one.standing), one.margin_s if one.margin_s is not None else float("-inf")

    return min(shown, key=order, default=None)


def _of_function(function: SafetyFunction, shown: list[Demonstration], day: date) -> Claim:
    worst = deciding(shown)
    return _claim(function, function.name, worst, len(shown), (), day)


def _of_row(row: CauseRow, moved: Mapping[str, tuple[str, ...]], shown: list[Demonstration], day: date) -> Claim:
    """As its function, and every effect that it trips must have brought its final elements to their safe ends."""
    worst = deciding(shown)
    missing: tuple[str, ...] = ()
    if worst is not None:
        acting = [cell.effect for cell in row.cells if cell.action in ("X", "T")]
        missing = tuple(name for name in acting if not all(worst.effects.get(e, False) for e in moved[name]))
    return _claim(row, row.function, worst, len(shown), missing, day)


def _claim(
    entry: SafetyFunction | CauseRow,
    function: str | None,
    worst: Demonstration | None,
    count: int,
    missing: tuple[str, ...],
    day: date,
) -> Claim:
    why: Why | None = Why.NO_FUNCTION if function is None else Why.NO_SCENARIO
    standing = Standing.UNPROVED
    if worst is not None:
        standing, why = worst.standing, worst.why
        if why is None and missing:
            standing, why = Standing.RED, Why.EFFECT_MISSING
    waiver = entry.unproved
    expired = waiver is not None and date.fromisoformat(waiver.until) < day
    return Claim(
        name=entry.name,
        title={"en": entry.title.en, "zh": entry.title.zh},
        function=function,
        standing=standing,
        why=why,
        worst=worst,
        others=max(0, count - 1),
        missing=missing,
        waiver=None if expired else waiver,
        expired=waiver if expired else None,
    )

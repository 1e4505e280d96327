"""Which operator console an alarm belongs to: key figures and floods are counted a console at a time (ISA-18.2 16).

An alarm's own `console`, else that of its unit. What belongs to no unit (a lost source, a full disk) is shown on every
console and counts at each.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from plantsafe.alarms.kpi import Moves
from plantsafe.plant.tables import Plant
from plantsafe.verdict import Condition


def consoles(plant: Plant) -> tuple[str, ...]:
    """The consoles that the plant file names, in its order; none where one operator has everything."""
    file = plant.file
    named = [unit.console for unit in file.units]
    named += [alarm.console for alarm in (*file.alarms, *file.expression_alarms)]
    return tuple(dict.fromkeys(name for name in named if name))


def consoles_of(plant: Plant, conditions: Sequence[Condition]) -> tuple[str, ...]:
    """The console of each condition, empty for those that are shown on all."""
    file = plant.file
    of_unit = {unit.name: unit.console or "" for unit in file.units}
    own = {alarm.name: alarm.console for alarm in (*file.alarms, *file.expression_alarms) if alarm.console}
    unit_of = {point.name: point.unit for point in file.points}
    unit_of |= {function.name: function.unit for function in file.functions} | {name: name for name in of_unit}
    return tuple(own.get(c.name) or of_unit.get(unit_of.get(c.subject, ""), "") for c in conditions)


def at_console(moves: Moves, console: str, of: dict[str, str]) -> Moves:
    """The moves of one console; `of` has the console of each name, those that it lacks count at every one."""
    mine = np.array([of.get(name, "") in ("", console) for name in moves.names], dtype=np.bool_)
    kept = mine[moves.alarm] if len(moves.names) else np.zeros(0, dtype=np.bool_)
    return replace(
        moves,
        time_ns=moves.time_ns[kept],
        alarm=moves.alarm[kept],
        what=moves.what[kept],
        priority=moves.priority[kept],
    )

"""What an alarm asks for beyond its action in the phase that its unit is in now."""

import numpy as np

from dashboards.picture import Picture
from plantsafe.plant.model import Text
from plantsafe.plant.model.alarm import Rationalised
from plantsafe.plant.model.unit import Phase
from plantsafe.plant.tables import Plant


def guidance(picture: Picture, name: str) -> tuple[Phase, Text] | None:
    """The present phase and what to do in it; None where the alarm, the unit or the phase has nothing to say."""
    found = _entry(picture.plant, name)
    if found is None or not found[0].guidance_by_phase:
        return None
    alarm, unit_name = found
    unit = picture.plant.file.units[picture.plant.unit_row[unit_name]]
    if unit.phase_point is None:
        return None
    code = picture.frame.value[picture.plant.points.row[unit.phase_point]]
    for phase in unit.phases:
        if np.isfinite(code) and phase.code == round(float(code)) and phase.name in alarm.guidance_by_phase:
            return phase, alarm.guidance_by_phase[phase.name]
    return None


def _entry(plant: Plant, name: str) -> tuple[Rationalised, str] | None:
    """An alarm of the plant file and its unit."""
    row = plant.alarms.row.get(name)
    if row is not None:
        alarm = plant.file.alarms[row]
        return alarm, plant.entries[plant.points.row[alarm.point]].unit
    return next(((alarm, alarm.unit) for alarm in plant.file.expression_alarms if alarm.name == name), None)

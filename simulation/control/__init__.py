"""The control system of the simulated plant: controllers, how they work together, and the batch sequence."""

from simulation.control.batch import CHARGE_C, DOSE_KG, REACTION_C, BatchSequence, Phase, Recipe
from simulation.control.loops import Cascade, Ratio
from simulation.control.pid import Mode, Pid, Tuning

__all__ = [
    "CHARGE_C",
    "DOSE_KG",
    "REACTION_C",
    "BatchSequence",
    "Cascade",
    "Mode",
    "Phase",
    "Pid",
    "Ratio",
    "Recipe",
    "Tuning",
]

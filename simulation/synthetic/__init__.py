"""Plants that no one built: a file of any size from a seed, and values that live in it. For load, not for physics."""

from simulation.synthetic.file import MOST_SERVED, write_fleet, write_plant
from simulation.synthetic.values import SyntheticPlant

__all__ = ["MOST_SERVED", "SyntheticPlant", "write_fleet", "write_plant"]

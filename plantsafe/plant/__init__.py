"""The plant description: one YAML file, validated, compiled into tables of arrays with a hash."""

from plantsafe.plant.load import load_plant, plant_of_document
from plantsafe.plant.tables import Plant, canonical

__all__ = ["Plant", "canonical", "load_plant", "plant_of_document"]

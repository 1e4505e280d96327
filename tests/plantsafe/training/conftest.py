"""A model that was learnt from a healthy unit, as it comes out of its files."""

from pathlib import Path

import pytest
from conftest_training import healthy, table

from plantsafe.checks.normal import NormalModel, model_from
from plantsafe.plant.tables import Plant
from plantsafe.store.models import read_model, write_model
from plantsafe.training.fit import fit
from plantsafe.training.past import tabled


@pytest.fixture(scope="session")
def learnt(small_plant_of, tmp_path_factory) -> tuple[Plant, NormalModel, Path]:
    """The plant, the model as it comes out of its files, and their folder."""
    plant, folder = small_plant_of(), tmp_path_factory.mktemp("models")
    fitted = fit(tabled(plant, [table(healthy())])).model
    digest = write_model(folder, fitted.described(), fitted.about, fitted.arrays())
    file = read_model(folder, digest)
    return plant, model_from(digest, file.units, file.arrays, file.about), folder

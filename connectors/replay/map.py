"""Which column of a file each point of a source is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plantsafe.errors import SourceError
from plantsafe.plant import Plant

TIME = "time_ns"
STATUS = ".status"


def columns_of(plant: Plant, source: str, header: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each point of the source its value column and its status column; -1 where the file has none.

    Raises SourceError for a column that is neither the time nor a point of the plant.
    """
    place = {name: i for i, name in enumerate(header)}
    known = {TIME, *plant.points.names, *(name + STATUS for name in plant.points.names)}
    if strange := [name for name in header if name not in known]:
        raise SourceError(
            f"columns {', '.join(strange[:5])} are no points of plant {plant.file.site.name}",
            mend=f"name columns {TIME}, POINT or POINT{STATUS}",
        )
    if len(place) != len(header):
        raise SourceError("a column is there twice", mend="keep one of them")
    names = [plant.points.names[int(row)] for row in plant.sources.points[plant.sources.row[source]]]
    value = np.array([place.get(name, -1) for name in names], dtype=np.intp)
    status = np.array([place.get(name + STATUS, -1) for name in names], dtype=np.intp)
    return value, status

"""Which points a read of a source covers: all of them, or those of one of its fast groups."""

import numpy as np
from numpy.typing import NDArray

from plantsafe.errors import SourceError
from plantsafe.plant import Plant


def rows_read(plant: Plant, source: str, group: str | None) -> NDArray[np.intp]:
    """Rows of the frame, of the source or of its fast group; raises SourceError for a group that it does not have."""
    row = plant.sources.row[source]
    if group is None:
        return plant.sources.points[row]
    for place in np.flatnonzero(plant.fast.source == row).tolist():
        if plant.fast.names[place] == group:
            rows: NDArray[np.intp] = plant.fast.point[plant.fast.group == place]
            return rows
    has = ", ".join(entry.name for entry in plant.file.sources[row].fast_groups) or "-"
    raise SourceError(f"source {source} has no fast group {group}", mend=f"it has: {has}")

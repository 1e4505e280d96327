"""The replay that a plant file describes."""

from pathlib import Path

from connectors.replay.source import ReplaySource
from plantsafe.errors import SourceError
from plantsafe.plant import Plant


def recorded_source(plant: Plant, name: str, *, base: Path, file: str | None = None, own_times: bool) -> ReplaySource:
    """Source `name` at pace with its times; relative paths count from `base`. `file` replaces those that are named."""
    entry = plant.file.sources[plant.sources.row[name]].recorded
    if entry is None:
        raise SourceError(f"source {name} names no recorded files", mend="give recorded: {files: [...]}")
    names = dict(entry.names)
    if entry.time_column is not None:
        names[entry.time_column] = "time"
    return ReplaySource.from_file(
        plant,
        name,
        *(base / path for path in ([file] if file else entry.files)),
        names=names,
        zone=entry.time_zone,
        form=entry.format,
        pace="times",
        hold_s=entry.hold_s,
        own_times=own_times,
    )

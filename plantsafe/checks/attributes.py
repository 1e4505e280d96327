"""What an alarm of the plant file says about its life, in the units of the engine."""

from typing import TypedDict

from plantsafe.plant.model.alarm import SHELVE_TIMES_MAX, Rationalised
from plantsafe.plant.tables import Plant


class Attributes(TypedDict):
    """Fields of a Condition."""

    latching: bool
    ack_required: bool
    auto_ack_on_return: bool
    confirm: bool
    realarm_scans: int
    shelve_max_scans: int
    shelve_times_max: int
    first_out: str


def alarm_attributes(plant: Plant, entry: Rationalised) -> Attributes:
    """Attributes of one alarm; a time is never longer than written."""
    return Attributes(
        latching=entry.latches,
        ack_required=entry.ack_required,
        auto_ack_on_return=entry.auto_ack_on_return,
        confirm=entry.confirm,
        realarm_scans=plant.scans(entry.realarm_min * 60.0),
        shelve_max_scans=_whole_scans(plant, entry.longest_shelving_min),
        shelve_times_max=SHELVE_TIMES_MAX if entry.shelve_times_max is None else entry.shelve_times_max,
        first_out=entry.first_out or "",
    )


def _whole_scans(plant: Plant, minutes: float) -> int:
    """How many scans fit into so many minutes."""
    return int(minutes * 60.0 / plant.file.scan_period_s + 1e-9)

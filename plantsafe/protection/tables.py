"""The safety functions of a plant as padded arrays: one row a function, one column a channel or final element."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8, Bool
from plantsafe.plant import Plant
from plantsafe.protection.answer import U1
from plantsafe.protection.vote import Policy

Index = NDArray[np.intp]

ANALOG_FEEDBACK_TOLERANCE = 0.02  # of the span, for a position transmitter as feedback; site default
NO_REPAIR_LIMIT = np.iinfo(np.int64).max // 2  # the file gives no repair time
STATE_FEEDBACK_TOLERANCE = 0.5  # a code is met when the value rounds to it


@dataclass(frozen=True, slots=True)
class FunctionTable:
    """What a scan needs of `plant.file.functions`, in their order.

    Index arrays hold point rows; -1 where there is no such point. Channels (n_functions, n_channels): `input`,
    `bypass`, `fault`, `resolution` (of the input), `fail` (FAIL_* of the input). Elements (n_functions, n_elements):
    `feedback`, `safe_value`, `tolerance`. `sign` is +1 for a function that trips high, -1 for low.
    `modes` (n_functions, n_modes) is NaN where there are fewer. `repair_scans`: how long it may be degraded.
    """

    names: tuple[str, ...]
    input: Index
    bypass: Index
    fault: Index
    resolution: F8
    fail: U1
    feedback: Index
    safe_value: F8
    tolerance: F8
    tripped: Index
    test_mode: Index
    manual_trip: Index
    mode: Index
    modes: F8
    sign: F8
    setpoint: F8
    vote: NDArray[np.int64]
    on_fault: U1
    on_bypass: U1
    element_vote: NDArray[np.int64]
    response_s: F8
    sensor_lag_s: F8
    repair_scans: NDArray[np.int64]
    period_s: float

    @property
    def present(self) -> Bool:
        """True where a column is a channel (n_functions, n_channels)."""
        return self.input >= 0


def compile_functions(plant: Plant) -> FunctionTable:
    """The table of a plant's functions; a plant without functions has no rows and one empty column."""
    functions = plant.file.functions
    row = plant.points.row

    def rows(names: Sequence[Sequence[str | None]]) -> Index:
        width = max((len(line) for line in names), default=0) or 1
        table = np.full((len(names), width), -1, dtype=np.intp)
        for i, line in enumerate(names):
            for j, name in enumerate(line):
                if name is not None:
                    table[i, j] = row[name]
        return table

    def single(names: Sequence[str | None]) -> Index:
        return np.array([-1 if name is None else row[name] for name in names], dtype=np.intp)

    def numbers(lines: Sequence[Sequence[float]]) -> F8:
        width = max((len(line) for line in lines), default=0) or 1
        table = np.full((len(lines), width), np.nan)
        for i, line in enumerate(lines):
            table[i, : len(line)] = line
        return table

    points = plant.points
    inputs = rows([[channel.point for channel in f.inputs] for f in functions])
    feedback = rows([[element.feedback for element in f.elements] for f in functions])
    span = points.high - points.low
    tolerance = np.where(points.analog, ANALOG_FEEDBACK_TOLERANCE * span, STATE_FEEDBACK_TOLERANCE)
    return FunctionTable(
        names=tuple(f.name for f in functions),
        input=inputs,
        bypass=rows([[channel.bypass for channel in f.inputs] for f in functions]),
        fault=rows([[channel.fault for channel in f.inputs] for f in functions]),
        resolution=points.resolution[inputs],
        fail=points.fail[inputs],
        feedback=feedback,
        safe_value=numbers([[element.safe_value for element in f.elements] for f in functions]),
        tolerance=tolerance[feedback],
        tripped=np.array([row[f.tripped] for f in functions], dtype=np.intp),
        test_mode=single([f.test_mode for f in functions]),
        manual_trip=single([f.manual_trip for f in functions]),
        mode=single([f.hazardous_mode for f in functions]),
        modes=numbers([f.hazardous_values for f in functions]),
        sign=np.array([1.0 if f.direction == "H" else -1.0 for f in functions]),
        setpoint=np.array([f.setpoint for f in functions], dtype=np.float64),
        vote=np.array([f.vote for f in functions], dtype=np.int64),
        on_fault=np.array([Policy[f.on_fault.upper()] for f in functions], dtype=np.uint8),
        on_bypass=np.array([Policy[f.on_bypass.upper()] for f in functions], dtype=np.uint8),
        element_vote=np.array([f.element_vote for f in functions], dtype=np.int64),
        response_s=np.array([f.response_s for f in functions], dtype=np.float64),
        sensor_lag_s=np.array([f.sensor_lag_s for f in functions], dtype=np.float64),
        repair_scans=np.array(
            [NO_REPAIR_LIMIT if f.repair_h is None else plant.scans(f.repair_h * 3600.0) for f in functions],
            dtype=np.int64,
        ),
        period_s=plant.file.scan_period_s,
    )

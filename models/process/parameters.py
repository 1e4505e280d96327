"""Refusal of parameters that no plant can have: one message that names the parameter."""

import math

GAS_CONSTANT_J_MOL_K = 8.314462618  # CODATA 2018, exact


def require_positive(**values: float) -> None:
    """Raise ValueError naming the first value that is not a finite number above zero."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{name} must be a finite number above 0, got {value!r}")


def require_not_negative(**values: float) -> None:
    """Raise ValueError naming the first value that is not a finite number of at least zero."""
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}")


def require_finite(**values: float) -> None:
    """Raise ValueError naming the first value that is NaN or infinite."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, got {value!r}")


def require_fraction(**values: float) -> None:
    """Raise ValueError naming the first value outside [0, 1]."""
    for name, value in values.items():
        if not (math.isfinite(value) and 0.0 <= value <= 1.0):
            raise ValueError(f"{name} must lie between 0 and 1, got {value!r}")

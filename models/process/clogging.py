"""What clogging does to laminar channels: pressure drop and residence against the clean ones."""

from models.process.parameters import require_fraction, require_positive


def clog_pressure_ratio(length_fraction: float, diameter_ratio: float) -> float:
    """dp/dp_clean at the same flow when a share of the length is narrowed: (1 - phi) + phi/s^4 (Hagen-Poiseuille)."""
    require_fraction(length_fraction=length_fraction)
    require_positive(diameter_ratio=diameter_ratio)
    return (1.0 - length_fraction) + length_fraction / diameter_ratio**4


def clog_volume_ratio(length_fraction: float, diameter_ratio: float) -> float:
    """Volume, and so residence at the same flow, against clean: (1 - phi) + phi s^2."""
    require_fraction(length_fraction=length_fraction)
    require_positive(diameter_ratio=diameter_ratio)
    return (1.0 - length_fraction) + length_fraction * diameter_ratio**2


def blocked_ratios(channels: int, blocked: int) -> tuple[float, float]:
    """(dp ratio, residence ratio) of equal parallel channels at constant total flow: N/(N - k) and (N - k)/N."""
    if channels < 1:
        raise ValueError(f"channels must be at least 1, got {channels}")
    if not 0 <= blocked < channels:
        raise ValueError(f"blocked must be at least 0 and below channels {channels}, got {blocked}")
    open_share = (channels - blocked) / channels
    return 1.0 / open_share, open_share

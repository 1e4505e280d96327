"""How a robustness run differs from the nominal one: drawn from its seed, the same seed the same draw."""

from dataclasses import dataclass

import numpy as np

from simulation.scenario_file import Variation

STREAM = 8_600_501  # apart from the streams that the plant itself draws from the same seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a seed gave: factors on kinetics, heat transfer and noise, and seconds that the faults come later."""

    kinetics: float = 1.0
    heat_transfer: float = 1.0
    noise: float = 1.0
    delay_s: float = 0.0


NOMINAL = Drawn()


def draw(variation: Variation, seed: int) -> Drawn:
    """The draw of `seed`, even over what the scenario allows; whole seconds of delay, as the plant lives in seconds."""
    rng = np.random.default_rng([STREAM, seed])
    kinetics, heat_transfer, noise = rng.uniform(-1.0, 1.0, 3).tolist()
    return Drawn(
        kinetics=1.0 + variation.kinetics * kinetics,
        heat_transfer=1.0 + variation.heat_transfer * heat_transfer,
        noise=1.0 + variation.noise * noise,
        delay_s=float(round(variation.timing_s * rng.uniform())),
    )

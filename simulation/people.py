"""People walking between partitions and the control room: seeded, never above the limit on a normal day."""

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from plantsafe.plant.model import Workshop

CREW = 4  # site default: operators of a workshop
MOST_IN_PARTITION = 2  # one below the limit of three: a normal day has room
SHORTEST_STAY_S, LONGEST_STAY_S = 240, 1800


class People:
    """Head counts of all partitions; one simpy process a person."""

    def __init__(self, env: simpy.Environment, workshops: tuple[Workshop, ...], rng: np.random.Generator) -> None:
        self._env = env
        self._rng = rng
        self.count: dict[str, int] = {part.name: 0 for shop in workshops for part in shop.partitions}
        for shop in workshops:
            names = tuple(part.name for part in shop.partitions)
            for _ in range(CREW if names else 0):
                env.process(self._walk(names))

    def _walk(self, partitions: tuple[str, ...]) -> Generator[simpy.Event, Any, None]:
        here: str | None = None
        while True:
            yield self._env.timeout(int(self._rng.integers(SHORTEST_STAY_S, LONGEST_STAY_S)))
            if here is not None:
                self.count[here] -= 1
            free = [name for name in partitions if self.count[name] < MOST_IN_PARTITION]
            choice = int(self._rng.integers(0, len(free) + 1))  # the last one is the control room
            here = free[choice] if choice < len(free) else None
            if here is not None:
                self.count[here] += 1

"""S101: crude product buffer, separator and vacuum still after R101."""

from simulation.control import Recipe
from simulation.units.conditions import Conditions, approach

# Site defaults throughout.
BUFFER_KG = 16_000.0
FEED_KG_H = 1_085.0  # one batch of 6400 kg in 5.9 h
PRODUCT_SHARE = 0.28
SEPARATOR_C = 45.0
SEPARATOR_KG = 1_500.0
STILL_KG = 900.0
STILL_C = 105.0


class Separation:
    """Steady flow out of a buffer that fills batch by batch."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.buffer_kg = 0.62 * BUFFER_KG
        self.t_c = SEPARATOR_C
        self.still_c = STILL_C
        self.still_kpa = 8.0
        self.steam_kg_h = 180.0
        self.level_pct = 50.0
        self.impurity_pct = 1.5

    def step(self, c: Conditions) -> None:
        """One second: feed after the buffer's level, temperatures after steam and cooling."""
        w, power = c.wander, c.knobs["u.power"]
        arriving = self._recipe.discharge_kg_h if c.truth["r101.volume_m3"] > 0.07 else 0.0
        feed = FEED_KG_H * (0.5 + self.buffer_kg / BUFFER_KG) * c.opening["XV-112"] * power
        feed *= 1.0 + 0.003 * w["separator"]
        self.buffer_kg = max(0.0, self.buffer_kg + (arriving - feed) / 3600.0)
        out = feed * c.opening["XV-121"]
        steam_open = c.opening["XV-111"]
        self.steam_kg_h = approach(self.steam_kg_h, (180.0 + 2.0 * w["still"]) * steam_open, 5.0)
        hot = c.knobs["s101.overheat_k"] * steam_open
        self.t_c = approach(self.t_c, SEPARATOR_C + 0.5 * w["separator"] + hot, 400.0)
        vacuum_kpa = 8.0 + 0.15 * w["still"] if power > 0.5 else 60.0
        self.still_kpa = approach(self.still_kpa, vacuum_kpa, 120.0)
        boiling_c = STILL_C + 0.6 * w["still"] + 0.6 * (self.still_kpa - 8.0)
        self.still_c = approach(self.still_c, boiling_c if self.steam_kg_h > 20.0 else 40.0, 600.0)
        self.impurity_pct = approach(self.impurity_pct, 1.5 + 0.1 * w["impurity"], 600.0)
        self.level_pct = min(100.0, max(0.0, self.level_pct + 100.0 * (feed - out) / 3600.0 / SEPARATOR_KG))
        separator_kg = SEPARATOR_KG * self.level_pct / 100.0
        product = out * PRODUCT_SHARE
        c.truth.update(
            {
                "s101.t_c": self.t_c,
                "s101.level_pct": self.level_pct + w["separator"],
                "s101.interface_pct": 45.0 + w["interface"],
                "s101.buffer_pct": 100.0 * self.buffer_kg / BUFFER_KG,
                "s101.feed_kg_h": feed,
                "s101.acid_kg_h": feed - feed * PRODUCT_SHARE,
                "s101.product_kg_h": product,
                "s101.holdup_kg": separator_kg + STILL_KG,
                "s101.still_top_c": self.still_c - 17.0,
                "s101.still_c": self.still_c,
                "s101.still_impurity_pct": self.impurity_pct,
                "s101.still_kpa": self.still_kpa,
                "s101.still_level_pct": 52.0 + w["interface"],
                "s101.steam_c": 30.0 + 95.0 * min(1.0, self.steam_kg_h / 150.0) + 0.5 * w["still"],
                "s101.steam_kg_h": self.steam_kg_h,
                "s101.acid_pct": 70.5 + 0.2 * w["interface"],
                "s101.pump_run": 1.0 if feed > 1.0 else 0.0,
                "s101.pump_a": 3.0 + 9.0 * feed / FEED_KG_H if power > 0.5 else 0.0,
            }
        )

"""What stands behind a continuous reactor: its product flows into a vessel, from which it is sent on by the level."""

from simulation.units.conditions import Conditions


class PostTreatment:
    """Vessel behind the unit `prefix`, which tells `<prefix>.through_kg_h`; a leak is lost before the product meter."""

    def __init__(self, prefix: str, *, normal_kg_h: float, normal_kg: float) -> None:
        self._prefix = prefix
        self._per_h = normal_kg_h / normal_kg
        self.held_kg = normal_kg

    def step(self, c: Conditions) -> None:
        """One second."""
        of = self._prefix
        product = max(0.0, c.truth[f"{of}.through_kg_h"] - c.knobs[f"{of}.leak_kg_h"])
        sent = self.held_kg * self._per_h * c.knobs[f"{of}.sent"] * c.knobs["u.power"]
        self.held_kg += (product - sent) / 3600.0
        c.truth[f"{of}.product_kg_h"] = product
        c.truth[f"{of}.held_kg"] = self.held_kg
        c.truth[f"{of}.sent_kg_h"] = sent

"""Solids conveyor after the reactor: hold-up, blockage and self-heating of damp nitrated solids.

The belt or screw carries its cells on at its speed. Blocked, the outlet passes nothing while the inlet goes on feeding:
solids pile up in the last free cell, and a deep heap loses less heat per kilogram than a thin layer. That was the way
of Gaomi in 2025: solids accumulated and heated up after the reactor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.process.kinetics import Kinetics
from models.process.parameters import require_not_negative, require_positive
from models.process.reacting_cells import advance_cells

Array = NDArray[np.float64]

EMPTY_KG = 1e-9
ROUNDING = 1e-9  # of a cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Conveyor:
    """Cells from feed to discharge; `kinetics` is the decomposition of the solids, its rise that of the whole of it."""

    kinetics: Kinetics
    cells: int
    cell_capacity_kg: float
    cp_j_kgk: float
    loss_w_k: float  # UA of one cell to the surroundings; it does not grow with the depth of the heap
    running_current_a: float  # drive current with nominal load
    nominal_load_kg: float
    lost_above_k: float = 473.15  # site default

    def __post_init__(self) -> None:
        require_positive(
            cell_capacity_kg=self.cell_capacity_kg,
            cp_j_kgk=self.cp_j_kgk,
            running_current_a=self.running_current_a,
            nominal_load_kg=self.nominal_load_kg,
            lost_above_k=self.lost_above_k,
        )
        require_not_negative(loss_w_k=self.loss_w_k)
        if self.cells < 2:
            raise ValueError(f"cells must be at least 2, got {self.cells}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConveyorInputs:
    """Held constant over a step. `cells_per_s` is the speed; `spray_w_k` is a cell's UA to the spray."""

    feed_kg_s: float = 0.0
    t_feed_k: float = 298.15
    cells_per_s: float = 0.0
    outlet_blocked: bool = False
    surroundings_k: float = 298.15
    spray_w_k: float = 0.0
    t_spray_k: float = 288.15  # site default

    def __post_init__(self) -> None:
        require_not_negative(feed_kg_s=self.feed_kg_s, cells_per_s=self.cells_per_s, spray_w_k=self.spray_w_k)
        require_positive(t_feed_k=self.t_feed_k, surroundings_k=self.surroundings_k, t_spray_k=self.t_spray_k)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConveyorState:
    """Solids, decomposed share and temperature of each cell, (n_cells,), and totals for the mass balance."""

    mass_kg: Array
    conversion: Array
    t_k: Array
    shifted_part: float = 0.0
    discharged_kg: float = 0.0
    refused_kg: float = 0.0  # fed while the first cell was full: it backs up into the dryer or chute
    lost: bool = False

    @property
    def hold_up_kg(self) -> float:
        """All solids on the conveyor."""
        return float(self.mass_kg.sum())


def empty_conveyor(conveyor: Conveyor, t_k: float = 298.15) -> ConveyorState:
    """Nothing on it."""
    require_positive(t_k=t_k)
    zero = np.zeros(conveyor.cells)
    return ConveyorState(mass_kg=zero, conversion=zero.copy(), t_k=np.full(conveyor.cells, t_k))


def drive_current_a(conveyor: Conveyor, state: ConveyorState, inputs: ConveyorInputs) -> float:
    """Half is idle, half follows the load (site default); 0 when stopped."""
    if inputs.cells_per_s == 0.0:
        return 0.0
    return conveyor.running_current_a * 0.5 * (1.0 + state.hold_up_kg / conveyor.nominal_load_kg)


def step_conveyor(conveyor: Conveyor, state: ConveyorState, inputs: ConveyorInputs, dt_s: float = 1.0) -> ConveyorState:
    """Carry, feed, then react; a lost conveyor stays lost."""
    if state.lost:
        return state
    require_positive(dt_s=dt_s)
    mass, x, t = state.mass_kg.copy(), state.conversion.copy(), state.t_k.copy()
    moved = state.shifted_part + inputs.cells_per_s * dt_s
    out_kg = 0.0
    whole = int(moved + ROUNDING)
    for _ in range(whole):
        out_kg += _carry(mass, x, t, conveyor.cell_capacity_kg, inputs.outlet_blocked)
    room = max(conveyor.cell_capacity_kg - float(mass[0]), 0.0)
    fed = min(inputs.feed_kg_s * dt_s, room)
    _pour(mass, x, t, 0, fed, 0.0, inputs.t_feed_k)
    solid = mass > EMPTY_KG
    loss_w_k = conveyor.loss_w_k + inputs.spray_w_k
    around_k = inputs.surroundings_k
    if loss_w_k > 0.0:
        around_k += inputs.spray_w_k / loss_w_k * (inputs.t_spray_k - inputs.surroundings_k)
    heat_capacity = np.where(solid, mass, 1.0) * conveyor.cp_j_kgk
    new_x, new_t = advance_cells(
        conveyor.kinetics,
        x,
        t,
        dt_s=dt_s,
        loss_1_s=loss_w_k / heat_capacity,
        surroundings_k=around_k,
    )
    x = np.where(solid, new_x, 0.0)
    t = np.where(solid, new_t, inputs.surroundings_k)
    return ConveyorState(
        mass_kg=mass,
        conversion=x,
        t_k=t,
        shifted_part=moved - whole,
        discharged_kg=state.discharged_kg + out_kg,
        refused_kg=state.refused_kg + inputs.feed_kg_s * dt_s - fed,
        lost=bool(t.max() > conveyor.lost_above_k),
    )


def _carry(mass: Array, x: Array, t: Array, capacity_kg: float, blocked: bool) -> float:
    """Move every cell on by one, from the discharge back, as far as there is room; returns what fell off the end."""
    out_kg = 0.0
    last = mass.size - 1
    if not blocked:
        out_kg, mass[last] = float(mass[last]), 0.0
    for i in range(last - 1, -1, -1):
        moving = min(float(mass[i]), max(capacity_kg - float(mass[i + 1]), 0.0))
        if moving > 0.0:
            _pour(mass, x, t, i + 1, moving, float(x[i]), float(t[i]))
            mass[i] -= moving
    return out_kg


def _pour(mass: Array, x: Array, t: Array, cell: int, kg: float, conversion: float, t_k: float) -> None:
    total = mass[cell] + kg
    if kg > 0.0:
        x[cell] = (mass[cell] * x[cell] + kg * conversion) / total
        t[cell] = (mass[cell] * t[cell] + kg * t_k) / total
        mass[cell] = total

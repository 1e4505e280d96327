"""What the heat balance of a semi-batch tank needs to know: its points, charge and dose, vessel, and reaction data."""

from collections.abc import Iterator

from pydantic import Field

from plantsafe.plant.model.entry import Entry, Found, Name, PointName, Ruled


class ReactionData(Entry):
    """Kinetics and heats of the wanted reaction A + B -> P and of the decomposition of P."""

    enthalpy_kj_mol: float = Field(lt=0)
    """Heat of the wanted reaction, negative."""
    k0_m3_kmol_s: float = Field(gt=0)
    """Pre-exponential factor of its rate, of second order."""
    activation_kj_mol: float = Field(gt=0)
    """Its activation energy."""
    decomposition_enthalpy_kj_mol: float = Field(lt=0)
    """Heat of the decomposition, negative."""
    decomposition_rate_per_s: float = Field(gt=0)
    """Its rate constant, of first order, at `decomposition_at_c`."""
    decomposition_at_c: float
    """Temperature of that rate constant, °C."""
    decomposition_activation_kj_mol: float = Field(gt=0)
    """Activation energy of the decomposition."""
    kinetics_uncertainty: float = Field(default=0.1, ge=0, le=0.5)
    """Standard deviation of the rate, as a share of it."""
    basis: str = Field(min_length=1)
    """Where the figures come from: report, calorimetry, literature."""


class HeatBalance(Ruled):
    """A semi-batch tank as its heat balance sees it: A is charged, B is dosed, the jacket cools."""

    starts: Name
    """Phase at whose beginning A is in the tank and no B."""
    lasts: tuple[Name, ...] = Field(min_length=1)
    """Phases in which the batch is followed, `starts` among them."""
    temperature: PointName
    """Temperature of the contents, °C."""
    jacket_inlet: PointName
    """Temperature of the water that enters the jacket, °C."""
    dosing: PointName
    """Flow of the dosed liquid, kg/h."""
    dosed: PointName | None = None
    """Mass dosed so far in this batch, kg: lets a batch be taken up whose beginning was not seen."""
    charge_m3: float = Field(gt=0)
    """Volume in the tank before dosing."""
    charge_kmol: float = Field(gt=0)
    """A in it."""
    dose_kg: float = Field(gt=0)
    """Mass that is dosed in all."""
    dose_kmol: float = Field(gt=0)
    """B in it."""
    dosing_h: float = Field(gt=0)
    """How long dosing takes by the recipe."""
    dose_c: float
    """Temperature of what is dosed, °C."""
    density_kg_m3: float = Field(gt=0)
    """Density of charge and dose."""
    cp_j_kgk: float = Field(gt=0)
    """Heat capacity of both."""
    vessel_m3: float = Field(gt=0)
    """Volume of the vessel."""
    vessel_heat_kj_k: float = Field(default=0.0, ge=0)
    """Heat capacity of the vessel itself; 0 errs to the hot side."""
    ua_w_k: float = Field(gt=0)
    """Heat transfer to the jacket with the charge alone; it grows with the level."""
    ua_uncertainty: float = Field(default=0.1, ge=0, le=0.5)
    """Its standard deviation, as a share."""
    jacket_m3: float = Field(gt=0)
    """Water in the jacket."""
    jacket_flow_m3_h: float = Field(gt=0)
    """Flow through the jacket as it should be."""
    agitator_kw: float = Field(default=0.0, ge=0)
    """Heat that the agitator brings in."""
    temperature_noise_k: float = Field(default=0.05, gt=0)
    """Noise of the temperature, standard deviation."""
    reaction: ReactionData
    """Reaction and decomposition."""

    def own_mistakes(self) -> Iterator[Found]:
        """The batch fits into the vessel, and is followed from its start."""
        if self.starts not in self.lasts:
            yield Found(("lasts",), f"phase {self.starts} is not in it", f"add {self.starts}", "heat-balance")
        full_m3 = self.charge_m3 + self.dose_kg / self.density_kg_m3
        if full_m3 > self.vessel_m3:
            wrong = f"charge and dose are {full_m3:.3g} m³, the vessel has {self.vessel_m3:g} m³"
            yield Found(("vessel_m3",), wrong, "correct charge_m3, dose_kg or vessel_m3", "heat-balance")

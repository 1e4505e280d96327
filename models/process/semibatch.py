"""Semi-batch stirred tank: A charged, B dosed, A + B -> P, and P decomposes.

    F = dosing flow; cB = nBtot/Vd;  r = kf k0 exp(-E/RT) nA nB/V;  rd = kd_ref exp(-Ed/R (1/T - 1/Td_ref)) nP
    dnA = -r;  dnB = F cB - r;  dnP = r - rd;  dV = F                                       [kmol/s, m3/s]
    (rhocp V + Ccap) dT = -dH r - dHd rd - UA0 (V/V0) u (T - Tj) + F rhocp (Tin - T) + extra heat

This file holds the values; semibatch_rates has the right-hand side, semibatch_step one time step for a simulator,
semibatch_run whole batches.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from models.process.parameters import require_finite, require_not_negative, require_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiBatchParameters:
    """Charge, dose, vessel and kinetics of one batch."""

    volume_start_m3: float  # V0, charged before dosing
    a_start_kmol: float  # nA0
    dose_m3: float  # Vd
    b_total_kmol: float  # nBtot, in the dose
    dosing_time_s: float  # tdos at the nominal flow
    dosing_temperature_k: float  # Tin
    density_kg_m3: float
    rho_cp_j_m3k: float
    ua_start_w_k: float  # UA0, at V0; the wetted wall grows with V
    reaction_enthalpy_j_kmol: float  # dH, negative where heat is made
    k0_m3_kmol_s: float
    activation_j_mol: float  # E
    decomposition_enthalpy_j_kmol: float  # dHd
    kd_ref_1_s: float  # decomposition rate constant at kd_ref_temperature_k
    kd_ref_temperature_k: float
    decomposition_activation_j_mol: float  # Ed
    vessel_m3: float = 5.0  # site default: a charge and dose of 4 m3 fill it to 80 %
    vessel_heat_capacity_j_k: float = 0.0  # Ccap; 0 in the published sets, which errs to the hot side
    lost_above_k: float = 600.0  # site default: past any relief device, a liquid-phase model says nothing more

    def __post_init__(self) -> None:
        require_positive(
            volume_start_m3=self.volume_start_m3,
            a_start_kmol=self.a_start_kmol,
            dose_m3=self.dose_m3,
            b_total_kmol=self.b_total_kmol,
            dosing_time_s=self.dosing_time_s,
            dosing_temperature_k=self.dosing_temperature_k,
            density_kg_m3=self.density_kg_m3,
            rho_cp_j_m3k=self.rho_cp_j_m3k,
            activation_j_mol=self.activation_j_mol,
            kd_ref_temperature_k=self.kd_ref_temperature_k,
            decomposition_activation_j_mol=self.decomposition_activation_j_mol,
            vessel_m3=self.vessel_m3,
            lost_above_k=self.lost_above_k,
        )
        require_not_negative(
            ua_start_w_k=self.ua_start_w_k,
            k0_m3_kmol_s=self.k0_m3_kmol_s,
            kd_ref_1_s=self.kd_ref_1_s,
            vessel_heat_capacity_j_k=self.vessel_heat_capacity_j_k,
        )
        require_finite(
            reaction_enthalpy_j_kmol=self.reaction_enthalpy_j_kmol,
            decomposition_enthalpy_j_kmol=self.decomposition_enthalpy_j_kmol,
        )
        if self.volume_start_m3 > self.vessel_m3:
            raise ValueError(f"volume_start_m3 {self.volume_start_m3} is larger than vessel_m3 {self.vessel_m3}")
        if self.volume_start_m3 + self.dose_m3 > self.vessel_m3:
            raise ValueError(
                f"dose_m3 {self.dose_m3} does not fit: with volume_start_m3 {self.volume_start_m3} it is larger "
                f"than vessel_m3 {self.vessel_m3}"
            )

    @property
    def dosing_flow_m3_s(self) -> float:
        """Nominal flow Vd/tdos."""
        return self.dose_m3 / self.dosing_time_s

    @property
    def dose_concentration_kmol_m3(self) -> float:
        """cB of the dosed liquid."""
        return self.b_total_kmol / self.dose_m3


class Loss(StrEnum):
    """Why a vessel is lost: a declared end, after which the model says nothing."""

    RUNAWAY = "runaway"
    OVERFILLED = "overfilled"
    FROZEN = "frozen"  # colder than any coolant: inputs that no plant can give


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiBatchState:
    """Contents and temperatures at one instant. With `lost` set, the values are the last that the model stands for."""

    a_kmol: float
    b_kmol: float
    p_kmol: float
    volume_m3: float
    t_k: float
    t_jacket_k: float
    lost: Loss | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiBatchInputs:
    """What acts on the vessel during one step, held constant over it.

    With `t_jacket_k` given the jacket has that temperature (isoperibolic). With None the jacket is a state of its own,
    driven by `coolant_kg_s` at `t_coolant_in_k`.
    """

    dosing_m3_s: float = 0.0  # below zero the contents flow back
    t_dosing_k: float = 298.15
    t_jacket_k: float | None = None
    t_coolant_in_k: float = 288.15  # site default
    coolant_kg_s: float = 0.0
    emulsion: float = 1.0  # kf: quality of the emulsion, 1 with the agitator at speed
    heat_transfer: float = 1.0  # u: fouling, agitator ~ (n/n0)^0.67, coolant side
    extra_heat_w: float = 0.0  # agitator, fire, steam leak

    def __post_init__(self) -> None:
        total = self.dosing_m3_s + self.t_dosing_k + self.t_coolant_in_k + self.coolant_kg_s
        total += self.emulsion + self.heat_transfer + self.extra_heat_w
        if self.t_jacket_k is not None:
            total += self.t_jacket_k
        coldest = min(self.t_dosing_k, self.t_coolant_in_k, 1.0 if self.t_jacket_k is None else self.t_jacket_k)
        if not math.isfinite(total) or coldest <= 0.0 or self.emulsion < 0.0 or self.heat_transfer < 0.0:
            self._refuse()

    def _refuse(self) -> None:
        require_not_negative(emulsion=self.emulsion, heat_transfer=self.heat_transfer)
        require_positive(
            t_dosing_k=self.t_dosing_k,
            t_coolant_in_k=self.t_coolant_in_k,
            t_jacket_k=1.0 if self.t_jacket_k is None else self.t_jacket_k,
        )
        require_finite(dosing_m3_s=self.dosing_m3_s, coolant_kg_s=self.coolant_kg_s, extra_heat_w=self.extra_heat_w)


def charged(parameters: SemiBatchParameters, t_k: float, t_jacket_k: float | None = None) -> SemiBatchState:
    """State before dosing: A charged, nothing else, the jacket at the contents' temperature unless told."""
    require_positive(t_k=t_k)
    return SemiBatchState(
        a_kmol=parameters.a_start_kmol,
        b_kmol=0.0,
        p_kmol=0.0,
        volume_m3=parameters.volume_start_m3,
        t_k=t_k,
        t_jacket_k=t_k if t_jacket_k is None else t_jacket_k,
    )


# Nitration of 4-chlorobenzotrifluoride in mixed acid: k0 3.228e12 m3/kmol s, E 87.26 kJ/mol, dH -128 kJ/mol
# (Maestri & Rota, from memory; unconfirmed). Vessel, dose and decomposition are synthetic.
N1 = SemiBatchParameters(
    volume_start_m3=3.0,
    a_start_kmol=12.0,
    dose_m3=1.0,
    b_total_kmol=12.6,  # 5 % excess
    dosing_time_s=14_400.0,
    dosing_temperature_k=298.15,
    density_kg_m3=1600.0,
    rho_cp_j_m3k=2.72e6,
    ua_start_w_k=6000.0,
    reaction_enthalpy_j_kmol=-128.0e6,
    k0_m3_kmol_s=3.228e12,
    activation_j_mol=87_260.0,
    decomposition_enthalpy_j_kmol=-350.0e6,
    kd_ref_1_s=1.0e-4,
    kd_ref_temperature_k=423.15,
    decomposition_activation_j_mol=150_000.0,
)

# The main set: 1/50 of the rate of N1, an effective rate of two liquid phases; all else as N1.
N2 = replace(N1, k0_m3_kmol_s=6.456e10)

"""The heat balance of a tank through a batch: what is known when, and what is found."""

from typing import Any

import pytest

from models.process.jacket import Jacket
from models.process.semibatch import N2, SemiBatchInputs, charged
from models.process.semibatch_step import SemiBatchTank
from plantsafe.checks.heat_balance import HeatBalanceCheck
from plantsafe.frame import BAD_SENSOR_FAILURE
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.store.arrays import pack, unpack

IDLE, DOSE, COOL = 0.0, 1.0, 2.0
TEXT = {"en": "text", "zh": "文字"}
BALANCE = {
    "starts": "dose", "lasts": ["dose", "cool"], "temperature": "T", "jacket_inlet": "P", "dosing": "F",
    "charge_m3": 3.0, "charge_kmol": 12.0, "dose_kg": 1600.0, "dose_kmol": 12.6, "dosing_h": 4.0,
    "dose_c": 25.0, "density_kg_m3": 1600.0,
    "cp_j_kgk": 1700.0, "vessel_m3": 5.0, "ua_w_k": 6000.0, "jacket_m3": 0.35, "jacket_flow_m3_h": 10.8,
    "reaction": {
        "enthalpy_kj_mol": -128.0, "k0_m3_kmol_s": 6.456e10, "activation_kj_mol": 87.26, "basis": "published set",
        "decomposition_enthalpy_kj_mol": -350.0, "decomposition_rate_per_s": 1e-4, "decomposition_at_c": 150.0,
        "decomposition_activation_kj_mol": 150.0,
    },
}  # fmt: skip
HAZARD = {
    "tp_c": 62,
    "mtsr_c": 76,
    "mtt_c": 110,
    "td24_c": 80,
    "assessed_class": 2,
    "report": "R",
    "date": "2025-01-01",
}


class Batch:
    """A true tank whose values the check sees."""

    def __init__(self, drive: Any, unit_plant: Any, **balance: Any) -> None:
        document = unit_plant.file.model_dump(mode="json", by_alias=True)
        document["units"][0] |= {
            "hazard": HAZARD, "phase_point": "PHASE", "heat_balance": BALANCE | balance,
            "phases": [{"code": c, "name": n, "title": TEXT} for c, n in enumerate(("idle", "dose", "cool"))],
        }  # fmt: skip
        for point in document["points"]:
            point["eu"] = {"T": "°C", "P": "°C", "F": "kg/h", "X": "kg"}.get(point["name"], point["eu"])
            if point["name"] == "X":
                point["range"] = [0.0, 2500.0]
        self.drive = drive(HeatBalanceCheck, compile_plant(PlantFile.model_validate(document)))
        self.tank = SemiBatchTank(N2, Jacket(volume_m3=0.35, rho_cp_j_m3k=998.0 * 4180.0, cp_j_kgk=4180.0))
        self.transfer, self.inlet_c, self.metered = 1.0, 39.0, 1.0
        self.anew()

    def anew(self) -> None:
        self.state, self.dosed_kg = charged(N2, 335.15, 325.0), 0.0

    def scans(
        self, n: int, phase: float = DOSE, *, skip: int = 0, status: Any = None, flow_kg_h: float = 400.0
    ) -> None:
        for _ in range(n):
            inputs = SemiBatchInputs(
                dosing_m3_s=flow_kg_h / 3600.0 / 1600.0, t_dosing_k=298.15, t_coolant_in_k=self.inlet_c + 273.15,
                coolant_kg_s=10.8 * 998.0 / 3600.0, heat_transfer=self.transfer,
            )  # fmt: skip
            self.state = self.tank.step(self.state, inputs)
            self.dosed_kg += flow_kg_h / 3600.0
            self.drive.scan(
                T=self.state.t_k - 273.15, P=self.inlet_c, F=flow_kg_h * self.metered, X=self.dosed_kg, PHASE=phase,
                status=status, skip=skip,
            )  # fmt: skip

    def says(self, kind: str) -> str:
        return self.drive.says(f"R1.{kind}")

    def live(self, name: str) -> float:
        return float(self.drive.check.live()[name][0])


@pytest.fixture
def batch(drive, unit_plant):
    return lambda **balance: Batch(drive, unit_plant, **balance)


def begun(batch: Batch) -> Batch:
    batch.drive.scan(PHASE=IDLE)
    batch.scans(900)
    return batch


def test_a_batch_seen_from_its_start_is_known_and_normal(batch):
    it = begun(batch())
    assert {it.says(kind) for kind in ("heat_balance", "mtsr", "hazard_class", "heat_transfer")} == {"clear"}
    assert it.live("mtsr_c") == pytest.approx(
        it.state.t_k - 273.15 + 47.06 * it.state.b_kmol / it.state.volume_m3, abs=0.5
    )


def test_a_batch_whose_start_was_not_seen_is_unknown_to_its_end(batch):
    it = batch()
    it.scans(900)
    assert it.says("heat_balance") == it.says("mtsr") == "unknown"
    it.scans(1, IDLE)
    it.anew()
    it.scans(300)
    assert it.says("mtsr") == "clear"


def test_it_is_taken_up_from_what_was_dosed_where_the_file_names_the_point(batch):
    seen, late = begun(batch()), batch(dosed="X")
    late.state, late.dosed_kg = seen.state, seen.dosed_kg
    seen.scans(300)
    late.scans(300)
    assert late.says("mtsr") == "clear"
    assert late.live("mtsr_c") == pytest.approx(seen.live("mtsr_c"), abs=1.0)


def test_half_the_heat_transfer_is_found_and_named_and_goes_away(batch):
    it = begun(batch())
    it.transfer = 0.5
    it.scans(200)
    assert it.says("heat_balance") == "holds"
    it.scans(900)
    assert it.says("heat_transfer") == "holds"
    it.transfer = 1.0
    it.scans(600)
    assert it.says("heat_balance") == "clear"


def test_what_gathers_unreacted_raises_mtsr_and_then_the_class(batch):
    it = begun(batch())
    it.inlet_c = 2.0  # overcooled: the dose does not react
    it.scans(9000)
    assert it.state.b_kmol > 2.0
    assert it.says("mtsr") == it.says("hazard_class") == "holds"


def test_a_minute_without_temperature_is_left_out_and_more_ends_the_knowledge(batch):
    it = begun(batch())
    it.scans(30, status={"T": BAD_SENSOR_FAILURE})
    assert it.says("mtsr") == "unknown"
    it.scans(200)
    assert it.says("mtsr") == it.says("heat_balance") == "clear"
    it.scans(40, status={"T": BAD_SENSOR_FAILURE})
    it.scans(200)
    assert it.says("mtsr") == "unknown"


def test_lost_scans_count_as_missing_values(batch):
    it = begun(batch())
    it.scans(1, skip=70)
    it.scans(200)
    assert it.says("mtsr") == "unknown"


def test_a_finding_stays_while_it_cannot_be_judged(batch):
    it = begun(batch())
    it.transfer = 0.5
    it.scans(200)
    it.scans(80, status={"T": BAD_SENSOR_FAILURE})
    assert it.says("heat_balance") == "holds unknown"


def test_the_memory_goes_through_a_snapshot(batch, drive, unit_plant):
    it, other = begun(batch()), batch()
    other.drive.check.load(unpack(pack(it.drive.check.state())))
    other.state, other.dosed_kg, other.drive.number = it.state, it.dosed_kg, it.drive.number
    it.scans(50)
    other.scans(50)
    assert pack(other.drive.check.state()) == pack(it.drive.check.state())

"""One row a safety function: what it gives now, its two figures, its clocks and its ledger, for tables and files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.reliability.pfd import band
from plantsafe.plant import Plant
from plantsafe.protection.ledger import LEDGER_KINDS, Entry, Ledger
from plantsafe.protection.period import Line, Standing
from plantsafe.protection.vote import Protection
from plantsafe.store.record import RecordReader
from plantsafe.verdict import Arrays

STANDING_WORDS = {
    Standing.MET: "met",
    Standing.NOT_MET: "not_met",
    Standing.TOO_LITTLE: "not_verifiable",
    Standing.UNDETERMINED: "undetermined",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """NOW and PERIOD of one function, never merged; None where a figure is not verifiable or undetermined.

    average: PFDavg that the present architecture would have; pfd_now: PFD(t). Hours are of the last twelve months.
    """

    name: str
    protection: str
    architecture: str
    required_rrf: float
    pfd_now: float | None
    average: float | None
    period_pfd: float | None
    period: str
    impaired_h: float
    repair_h: float | None
    entry: Entry

    @property
    def achieved_rrf(self) -> float | None:
        """Risk reduction that the present architecture would give."""
        return 1.0 / self.average if self.average else None

    @property
    def period_rrf(self) -> float | None:
        """Risk reduction over the judged hours of the period."""
        return 1.0 / self.period_pfd if self.period_pfd else None

    def hours(self, line: Line) -> float:
        """Hours of the last twelve months on a line."""
        return self.entry.hours[line]

    def flat(self) -> dict[str, Any]:
        """Columns of the CSV and JSON export; times are UTC, hours of the last twelve months."""
        entry = self.entry
        nearest = min((d for d in entry.due if d.days_left is not None), key=lambda d: d.days_left or 0.0, default=None)
        return {
            "function": self.name,
            "protection_now": self.protection,
            "architecture_now": self.architecture,
            "rrf_required": self.required_rrf,
            "pfd_now": self.pfd_now,
            "pfd_avg_now": self.average,
            "rrf_now": self.achieved_rrf,
            "pfd_band_now": None if self.average is None else band(self.average),
            "pfd_period": self.period_pfd,
            "rrf_period": self.period_rrf,
            "pfd_band_period": None if self.period_pfd is None else band(self.period_pfd),
            "period": self.period,
            "service_h": self.hours(Line.SERVICE),
            "not_verifiable_h": self.hours(Line.NOT_VERIFIABLE),
            "bypassed_h": self.hours(Line.BYPASSED),
            "degraded_h": self.hours(Line.DEGRADED),
            "unprotected_h": self.hours(Line.NONE),
            "worse_than_required_h": self.hours(Line.WORSE),
            "impaired_h": self.impaired_h,
            "repair_h": self.repair_h,
            "record_years": entry.years,
            "demands": entry.demands.count,
            "demands_expected": entry.demands.expected,
            "demands_probability": entry.demands.probability,
            "demands_12_months": entry.mode.twelve_months,
            "demand_mode": "high" if entry.mode.is_high else "low",
            "pfh_per_h": entry.mode.pfh_per_h,
            "pfh_required_per_h": entry.mode.required_pfh,
            "spurious_trips": entry.spurious.count,
            "spurious_expected": entry.spurious.expected,
            "spurious_probability": entry.spurious.probability,
            "failures_on_demand": entry.failures,
            "bypasses": entry.bypasses,
            "open_bypasses": " ".join(entry.open_bypasses),
            "next_test": None if nearest is None else nearest.subsystem,
            "next_test_due": None if nearest is None else day(nearest.due_ns),
            "next_test_days": None if nearest is None else nearest.days_left,
            "next_test_state": "unknown" if nearest is None else nearest.state,
            "next_test_deferred": nearest is not None and nearest.deferred,
            "to_credit": " ".join(entry.proposed),
        }


def accounts(plant: Plant, live: Mapping[str, Any], ledger: Ledger, scan: int, time_ns: int) -> tuple[Account, ...]:
    """All functions, in the order of the plant file; `live` of the newest scan, at `time_ns`."""
    return tuple(
        _account(plant, i, entry, _rows(live, i)) for i, entry in enumerate(ledger.entries(scan, time_ns))
    )  # fmt: skip


def read_accounts(reader: RecordReader, plant: Plant) -> tuple[Account, ...]:
    """The same of a record: its newest scan and its whole journal; nothing without a scan."""
    latest = reader.latest()
    if latest is None:
        return ()
    ledger = Ledger(plant)
    ledger.take(reader.events(kinds=LEDGER_KINDS))
    return accounts(plant, latest.live, ledger, latest.frame.number, latest.frame.time_ns)


def as_json(rows: tuple[Account, ...]) -> str:
    """All columns, and what stands behind them: tests due, failure rates that tests imply."""
    found = []
    for row in rows:
        entry = row.entry
        due = [
            {
                "subsystem": d.subsystem, "tested": day(d.tested_ns), "due": day(d.due_ns), "days_left": d.days_left,
                "state": d.state, "deferred": d.deferred,
            }
            for d in entry.due
        ]  # fmt: skip
        implied = [
            {
                "subsystem": one.subsystem, "tests": one.tests, "device_h": one.device_h,
                "failures": one.failures.count, "assumed_per_h": one.failures.assumed,
                "probability": one.failures.probability, "bound_per_h": one.bound_per_h,
            }
            for one in entry.implied
        ]  # fmt: skip
        found.append(row.flat() | {"tests": due, "failure_rates": implied})
    return json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False)


def day(time_ns: int) -> str | None:
    """A day, UTC; None for a moment that is not known."""
    return str(np.datetime64(time_ns, "ns").astype("datetime64[D]")) if time_ns else None


def _rows(live: Mapping[str, Any], i: int) -> dict[str, Any]:
    prefixes = ("pfd.", "functions.")
    return {name: array[i] for name, array in live.items() if name.startswith(prefixes) and len(array) > i}


def _account(plant: Plant, i: int, entry: Entry, row: Arrays) -> Account:
    function = plant.file.functions[i]
    standing = row.get("pfd.standing")
    m, n = row.get("functions.effective_m"), row.get("functions.effective_n")
    status = Protection(int(row["functions.status"])) if "functions.status" in row else Protection.NOT_VERIFIABLE
    blind = status is Protection.NOT_VERIFIABLE
    return Account(
        name=function.name,
        protection=status.name.lower(),
        architecture="" if m is None or n is None or blind else f"{int(m)}oo{int(n)}",
        required_rrf=function.rrf,
        pfd_now=_figure(row.get("pfd.now")),
        average=_figure(row.get("pfd.average")),
        period_pfd=_figure(row.get("pfd.period")),
        period=STANDING_WORDS[Standing.UNDETERMINED if standing is None else Standing(int(standing))],
        impaired_h=float(row.get("pfd.impaired_h", 0.0)),
        repair_h=function.repair_h,
        entry=entry,
    )


def _figure(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)

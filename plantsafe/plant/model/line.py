"""What the balance of a continuous unit needs to know: its feeds and product, what stands after it, its clean state."""

from collections.abc import Iterator
from itertools import pairwise
from math import log

import numpy as np
from pydantic import Field

from plantsafe.plant.model.entry import Entry, Found, PointName, Ruled

CURVE_MISFIT_MAX = 0.1  # of a point of the clean curve from the power law through all of them; site default
PROFILE_POINTS_MIN = 3  # below it there is no hot spot to speak of


class FeedRatio(Entry):
    """The ratio of the two feeds: the second over the first, kg/kg."""

    normal: float = Field(gt=0)
    """The ratio of the recipe."""
    tolerance: float = Field(default=0.02, gt=0, lt=0.5)
    """How far it may be off, as a share."""


class CurvePoint(Entry):
    """One point of the clean curve."""

    kg_h: float = Field(gt=0)
    """Total feed."""
    kpa: float = Field(gt=0)
    """Pressure drop at it when clean."""


def _power_law(curve: tuple[CurvePoint, ...], normal_kg_h: float) -> tuple[float, float]:
    """kPa at the normal feed, and the exponent: least squares in logarithms."""
    flows = np.log([one.kg_h / normal_kg_h for one in curve])
    exponent, at_normal = np.polyfit(flows, np.log([one.kpa for one in curve]), 1)
    return float(np.exp(at_normal)), float(exponent)


class PressureDrop(Ruled):
    """The pressure drop and its clean curve, measured at commissioning or after cleaning: dp = kpa (feed/normal)^n."""

    point: PointName
    """Pressure drop, kPa."""
    clean_kpa: float | None = Field(default=None, gt=0)
    """Pressure drop at `normal_kg_h` when clean; with `exponent` instead of `curve`."""
    exponent: float | None = Field(default=None, ge=0.5, le=2.5)
    """n: 1 for laminar flow, 1.75 for turbulent flow in a smooth tube, 2 for nozzles."""
    curve: tuple[CurvePoint, ...] = ()
    """Measured points of the clean curve, feeds rising; the power law is fitted through them."""
    fouled: float = Field(default=1.15, gt=1, lt=10)
    """How many times the clean value it may be."""

    def fitted(self, normal_kg_h: float) -> tuple[float, float]:
        """kPa at the normal feed, and the exponent."""
        if not self.curve:
            return float(self.clean_kpa or np.nan), float(self.exponent or np.nan)
        return _power_law(self.curve, normal_kg_h)

    def own_mistakes(self) -> Iterator[Found]:
        """One way to give the clean curve; points that rise and lie on a power law."""
        law = self.clean_kpa is not None and self.exponent is not None
        if law == bool(self.curve) or (self.clean_kpa is None) != (self.exponent is None):
            yield Found((), "the clean curve is given in one way", "give clean_kpa and exponent, or curve", "line")
            return
        if not self.curve:
            return
        if len(self.curve) < 2:
            yield Found(("curve",), "one point is no curve", "give two or more, or clean_kpa and exponent", "line")
            return
        for i, (before, after) in enumerate(pairwise(self.curve), start=1):
            if after.kg_h <= before.kg_h or after.kpa <= before.kpa:
                wrong = f"{after.kpa:g} kPa at {after.kg_h:g} kg/h after {before.kpa:g} kPa at {before.kg_h:g} kg/h"
                yield Found(("curve", i), wrong, "flow and pressure drop rise from point to point", "line")
                return
        at_normal, exponent = _power_law(self.curve, 1.0)
        for i, one in enumerate(self.curve):
            off = abs(log(one.kpa) - log(at_normal) - exponent * log(one.kg_h))
            if off > CURVE_MISFIT_MAX:
                wrong = f"{one.kpa:g} kPa is {100 * off:.0f} % off the curve through all points"
                yield Found(("curve", i, "kpa"), wrong, "measure it again, or leave the point out", "line")


class Inventory(Entry):
    """A vessel in which nitrated product stands, and the point that shows how much."""

    point: PointName
    """Its weight or level."""
    kg_per_unit: float = Field(default=1.0, gt=0)
    """Kilograms of nitrated product for one unit of measure of the point."""


class HoldUp(Entry):
    """Nitrated product after the reactor, up to where it is sent on."""

    inventories: tuple[Inventory, ...] = Field(min_length=1)
    """Where it stands."""
    inflow: PointName
    """What comes in, kg/h: often the product flow of the reactor."""
    outflow: PointName
    """What is sent on, kg/h."""
    limit_kg: float = Field(gt=0)
    """How much may be there at most."""


class ProfilePoint(Entry):
    """A temperature along the way."""

    point: PointName
    """The temperature, °C."""
    at: float = Field(ge=0, le=1)
    """Where it is, as a share of the length from the inlet."""


class NormalProfile(Entry):
    """The temperatures at one feed, when the unit ran well."""

    feed_kg_h: float = Field(gt=0)
    """Total feed."""
    temperatures_c: tuple[float, ...] = Field(min_length=1)
    """One for each point of the profile."""


class Profile(Ruled):
    """Temperatures along the way, and what they are in normal running."""

    points: tuple[ProfilePoint, ...] = Field(min_length=PROFILE_POINTS_MIN)
    """Three or more, from the inlet to the outlet."""
    normal: tuple[NormalProfile, ...] = Field(min_length=1)
    """At one feed or more; between them it is a straight line, beyond them by over a tenth it is not judged."""
    tolerance_k: float = Field(default=5.0, gt=0)
    """How far a temperature may be off its normal one."""
    reference: PointName | None = None
    """Temperature with which the whole profile moves, as of the coolant that comes in, °C."""
    reference_c: float | None = None
    """What it was for the normal profile."""

    def own_mistakes(self) -> Iterator[Found]:
        """Places in order, and a temperature for each of them."""
        for i, (before, after) in enumerate(pairwise(self.points), start=1):
            if after.at <= before.at:
                wrong = f"{after.point} at {after.at:g} comes after {before.point} at {before.at:g}"
                yield Found(("points", i, "at"), wrong, "write the points from the inlet to the outlet", "line")
        for i, one in enumerate(self.normal):
            if len(one.temperatures_c) != len(self.points):
                wrong = f"{len(one.temperatures_c)} temperatures for {len(self.points)} points"
                yield Found(("normal", i, "temperatures_c"), wrong, "give one for each point", "line")
        feeds = [one.feed_kg_h for one in self.normal]
        if len(set(feeds)) < len(feeds):
            yield Found(("normal",), "two profiles at the same feed", "leave one out", "line")
        if (self.reference is None) != (self.reference_c is None):
            yield Found(("reference",), "reference and reference_c go together", "give both or none", "line")


class ConveyorWatch(Entry):
    """A conveyor of nitrated solids: what tells that they gather in it."""

    current: PointName
    """Current of its drive."""
    normal_a: float = Field(gt=0)
    """Current in normal running; the most that it is with a full load."""
    discharge: PointName
    """What leaves it, kg/h."""
    normal_kg_h: float = Field(gt=0)
    """What leaves it in normal running."""
    temperature: PointName
    """Temperature of what is in it, °C."""
    normal_c: float
    """Temperature in normal running."""
    rise_k: float = Field(default=10.0, gt=0)
    """How much warmer it may be."""


class Line(Ruled):
    """A continuous unit as its balance sees it; each part is judged where it is described."""

    feeds: tuple[PointName, ...] = Field(min_length=1)
    """Flows that come in, kg/h."""
    normal_kg_h: float = Field(gt=0)
    """Their sum in normal running."""
    residence_s: float = Field(gt=0)
    """From the feeds to the outlet at the normal feed; in and out are compared over it, and over a minute at least."""
    flow_accuracy: float = Field(default=0.005, gt=0, le=0.1)
    """Standard deviation of each flow meter, as a share of its reading."""
    ratio: FeedRatio | None = None
    """Of the second feed over the first."""
    outlet: PointName | None = None
    """Flow that leaves the unit, kg/h: with it the mass balance is judged."""
    allowed_kg: float | None = Field(default=None, gt=0)
    """Mass that may be missing in all; without it a twentieth of what is fed in an hour."""
    direction: tuple[PointName, ...] = ()
    """Flows or pressure drops that are below zero when something runs back; their ranges begin below zero."""
    pressure_drop: PressureDrop | None = None
    """Pressure drop against the clean one."""
    profile: Profile | None = None
    """Temperatures along the way."""
    hold_up: HoldUp | None = None
    """Nitrated product after the reactor."""
    conveyor: ConveyorWatch | None = None
    """A conveyor of nitrated solids."""

    @property
    def findings(self) -> tuple[str, ...]:
        """What can be found of it, as the conditions are called behind the name of the unit."""
        told = {
            "feed_ratio": self.ratio,
            "mass_balance": self.outlet,
            "missing_mass": self.outlet,
            "pressure_drop": self.pressure_drop,
            "profile": self.profile,
            "reverse_flow": self.direction,
            "hold_up": self.hold_up,
            "hold_up_differs": self.hold_up,
            "conveyor_blocked": self.conveyor,
            "conveyor_heat": self.conveyor,
        }
        return tuple(kind for kind, part in told.items() if part)

    def own_mistakes(self) -> Iterator[Found]:
        """Two feeds for a ratio, no meter twice, and something to be judged."""
        if self.ratio is not None and len(self.feeds) != 2:
            wrong = f"a ratio of {len(self.feeds)} feeds"
            yield Found(("ratio",), wrong, "give two feeds, or leave the ratio out", "line")
        for i, name in enumerate(self.feeds):
            if name in self.feeds[:i]:
                yield Found(("feeds", i), f"{name} is in feeds already", "name each meter once", "line")
        if self.outlet in self.feeds:
            wrong = f"{self.outlet} is a feed: in and out would be the same"
            yield Found(("outlet",), wrong, "name the meter of what leaves", "line")
        if self.allowed_kg is not None and self.outlet is None:
            yield Found(("allowed_kg",), "without an outlet nothing is missed", "name the outlet", "line")
        if not self.findings:
            yield Found((), "nothing of it is judged", "describe outlet, pressure_drop, profile, ...", "line")

"""What kind of signal a point is, and where a review starts with its dead band and delays."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from plantsafe.plant.rules.measure import dimension

Kind = Literal["flow", "level", "pressure", "temperature", "composition", "discrete", "other"]

_BY_DIMENSION: dict[str, Kind] = {
    "[temperature]": "temperature",
    "[mass] / [length] / [time] ** 2": "pressure",
    "[mass] / [time]": "flow",
    "[length] ** 3 / [time]": "flow",
    "[substance] / [time]": "flow",
    "[acidity]": "composition",
    "[explosive_limit]": "composition",
    "[mass] / [length] ** 3": "composition",
}
_BY_LETTER: dict[str, Kind] = {  # first letter of a tag (ISA-5.1), where the unit of measure may be of several
    "F": "flow",
    "L": "level",
    "P": "pressure",
    "T": "temperature",
    "A": "composition",
}
_TAG = re.compile(r"(?:.*[.\-_ ])?([A-Z])[A-Z]{0,4}[-_]?\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a review begins: dead band as a share of the range, on- and off-delay in seconds; 0 for none."""

    deadband_share: float
    delay_s: float


STARTS: dict[Kind, Start] = {  # EEMUA 191 as listed by exida; delays as commonly quoted with it (reference 1.4)
    "flow": Start(deadband_share=0.05, delay_s=15.0),
    "level": Start(deadband_share=0.02, delay_s=60.0),
    "pressure": Start(deadband_share=0.02, delay_s=15.0),
    "temperature": Start(deadband_share=0.01, delay_s=60.0),
    "composition": Start(deadband_share=0.01, delay_s=15.0),  # the delay is the site's: site default
    "discrete": Start(deadband_share=0.0, delay_s=5.0),  # off-delay 5 to 60 s
    "other": Start(deadband_share=0.02, delay_s=15.0),  # site default
}


def signal_of(point: Any) -> Kind:
    """By its unit of measure, and where that may be of several, by the first letter of its tag."""
    if point.kind != "analog":
        return "discrete"
    found = _BY_DIMENSION.get(dimension(point.eu) or "")
    if found is not None:
        return found
    tag = _TAG.match(point.name.upper())
    return _BY_LETTER.get(tag.group(1), "other") if tag else "other"

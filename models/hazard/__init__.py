"""Thermal hazard: time to maximum rate, hazard class, accumulation and the criteria of a runaway."""

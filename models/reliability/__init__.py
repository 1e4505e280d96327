"""Reliability of protective functions: probability of failure on demand, spurious trips, and what was counted."""

"""Fixtures of this folder; their code is in `conftest_cli`, which tests may import from."""

from conftest_cli import dice, simulated

__all__ = ["dice", "simulated"]

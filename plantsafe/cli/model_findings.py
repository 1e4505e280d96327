"""`plantsafe model findings`."""
from pathlib import Path


def findings(data: Path) -> None:
    """x"""

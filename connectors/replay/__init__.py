"""Gives recorded values again, one row a scan."""

from connectors.replay.source import ReplaySource

__all__ = ["ReplaySource"]

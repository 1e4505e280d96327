"""plantsafe: is this plant protected at this moment, what changed, what to do, and can it be checked."""

__version__ = "0.1.0"

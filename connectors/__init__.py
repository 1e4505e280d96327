"""How the plant is reached: one folder a protocol, the same files in each, read only."""

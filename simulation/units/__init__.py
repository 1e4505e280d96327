"""The process units of the simulated plant: each steps a second under its conditions and tells its true quantities."""

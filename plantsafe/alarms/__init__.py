"""The life of an alarm after ISA-18.2: one table of transitions, states as arrays."""

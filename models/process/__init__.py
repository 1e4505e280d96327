"""Reactors, jackets, tubes, solids, gas and instruments, as equations."""

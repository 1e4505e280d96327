"""Findings read back from the journal: what they were explained with, what it may be, what people said of them."""

"""The unit monitor on files: learn from a plant's normal runs, judge another run, say how it did."""

"""Rationalisation after ISA-18.2: what a review of the alarms would ask, and changes of the plant file to look at."""

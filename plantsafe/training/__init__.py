"""Learning what is normal from a plant's own past, and saying what that is worth."""

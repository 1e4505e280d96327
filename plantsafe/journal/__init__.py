"""Events: appended, chained by hash, verified, projected into states."""

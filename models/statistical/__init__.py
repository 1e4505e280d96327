"""Monitors that learn what is normal: EWMA, CUSUM, the multivariate monitor; one step a scan, whole arrays."""

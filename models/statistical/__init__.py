"""Monitors that learn what is normal: EWMA, CUSUM, Mahalanobis; one step a scan, whole arrays."""

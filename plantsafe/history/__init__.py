"""The stored samples: read, stepped again, compared."""

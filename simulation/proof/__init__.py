"""Shows of each protective function that it would be fast enough in the model: `plantsafe scenario prove`."""

"""One file a check; each owns a block of conditions and its memory as named arrays."""

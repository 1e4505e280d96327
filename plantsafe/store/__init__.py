"""The files: one writing process each, versioned, migrated forward by their writer."""

"""Pictures that are written to files: maps of places, and the order of a month."""

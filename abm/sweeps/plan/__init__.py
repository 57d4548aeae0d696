"""Plan a sweep from an experiment file, and let a planned one grow."""

"""Plan a sweep from an experiment file, and expand a planned one."""

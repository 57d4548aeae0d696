"""Hold abm to its claims; `python -m tests` runs every gate."""

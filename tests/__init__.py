"""Tests of what abm claims; `python -m tests` runs every gate."""

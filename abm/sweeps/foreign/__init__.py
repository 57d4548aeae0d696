"""Sweep a foreign model: read its experiment, examine it in a process of its own, and isolate its runs."""

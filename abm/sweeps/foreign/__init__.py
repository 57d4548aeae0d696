"""Sweep somebody else's model: read its file, examine it in a process of its own, and run it apart from ours."""

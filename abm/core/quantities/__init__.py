"""Levers and parameters: numbers with a name, a unit, bounds and a source, and the files that declare them."""

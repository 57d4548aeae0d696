"""Benchmarks: speed and memory, measured side by side and reported as medians and ratios."""

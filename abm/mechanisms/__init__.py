"""WHY: one mechanism a file, each with its equation and its source.

A mechanism is a function over state arrays whose last axis is the lane: a lane is one run, and a batch is many runs
side by side. The same compiled loop serves one run on a screen and sixteen in a sweep, and gives each the same bits.
The names of its arguments are its contract (see `mechanism.py`), so that the order of a month can be checked and
drawn. Mechanisms know places and draws; they know nothing of policies, scenarios or files.
"""

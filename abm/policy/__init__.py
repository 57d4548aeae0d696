"""What is set: the levers of a policymaker, their schedules over time, and the parameters behind them.

`parameters` and `levers` are records read from YAML, one each, with unit, bounds, default and evidence: the
one source for validation, help, columns and documentation. A `schedule` says how a lever moves over the
years. A named policy block groups schedules that belong together; blocks compose into a `policy`, the table
of lever settings by month that a run reads.
"""

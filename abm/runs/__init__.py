"""Simulate runs on this machine and write their results.

A design names its runs (`run`): a scenario, a seed and a replicate each. `batches` passes them to a simulator
(`simulator` is our own), in this process or in the worker processes of the one `pool`, and returns the same tables
either way. A batch that fails is repeated run by run (`attempts`); where a run or the machine may be at fault,
`inquiry` finds out which. `results` writes the tables and a manifest that says how to make them again (`provenance`).

This room knows runs, replicates and measures. Any model that can be called as ``simulate(runs) -> Tables``
will do.
"""

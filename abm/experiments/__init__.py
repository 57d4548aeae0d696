"""Run many runs and keep what they say: which runs, by which means, and where the results are.

A design names its runs (`run`): a scenario, a seed and a replicate each. An engine (`engines`) hands them to
a simulator in batches, on this processor or on all of them, and returns the same tables whatever it used. The
store (`store`) writes the tables and a manifest that says how to make them again (`provenance`), all at once
or not at all.

This layer knows runs, replicates and measures. Any model that can be called as ``simulate(runs) -> Tables``
will do.
"""

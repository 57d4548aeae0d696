"""Run many runs and keep what they say: which runs, by which means, and where the results are.

A design names its runs (`run`): a scenario, a seed and a replicate each. An engine (`engines`) hands them to
a simulator in batches, on this processor or on all of them, and returns the same tables whatever it used. The
store (`store`) writes the tables and a manifest that says how to make them again (`provenance`), all at once
or not at all.

A sweep is many runs that live in a directory. An experiment file (`experimentfile`) spreads points over dimensions
(`design`); a plan (`plan`) writes them down as a manifest (`manifest`) that makes any run again; a shard (`shard`) runs
some of them and commits their tables (`commits`); an engine (`carriers`) carries shards to where they are run. `Sweep`
(`sweep`) asks the files how far it is (`survey`) and carries out the rest, one parent at a time (`lock`).

This layer knows runs, replicates and measures. Any model that can be called as ``simulate(runs) -> Tables``
will do.
"""

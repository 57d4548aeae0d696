"""Run many runs that live in a directory: a sweep is planned, carried out shard by shard, surveyed and read.

An experiment file spreads points over dimensions (`design`) of scenarios or of a foreign model (`foreign`). A
plan (`plan`) writes them down as a manifest that makes any run again; a shard runs some of them and commits their
tables (`store`); an engine carries shards to where they are run (`engines`). `Sweep` (`sweep`) asks the files how far
the sweep is and carries out the rest, one process at a time.
"""

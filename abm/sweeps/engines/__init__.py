"""Carry shards to where they are run: processes of this machine, Dask, and Slurm by way of Dask or as a job array."""

"""Run shards on processes of this machine, on Dask, or on Slurm, through Dask or as a job array."""

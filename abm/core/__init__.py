"""What every theory needs: draws, submodels, state, the order of a month, and batches of runs."""

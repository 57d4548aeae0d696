"""Work in the background: simulations that worker processes run for many visitors, within limits."""

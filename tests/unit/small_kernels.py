"""Kernels that compile in no time, in a module that another process can import."""

from abm.core.kernels import compiled, inlined


@inlined
def twice(x):
    """Return 2 x."""
    return 2.0 * x


@compiled
def doubled(values):
    """Return the sum of doubled values."""
    return twice(values).sum()


@compiled
def shifted(values):
    """Return the sum of values that are shifted by 1."""
    return (values + 1.0).sum()


@compiled
def squared(values):
    """Return the sum of squares."""
    return (values * values).sum()


@compiled
def halved(values):
    """Return the sum of halved values."""
    return (values / 2.0).sum()


KERNELS = (doubled, shifted, squared, halved)

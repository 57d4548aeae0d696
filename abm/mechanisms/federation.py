"""Federation: neighbouring practices form networks, which pool risk and cost coordination."""

from typing import Any

from abm.mechanisms.mechanism import mechanism


@mechanism(writes=("network", "qualified", "trust", "reshaped"))
def federation(network: Any, qualified: Any, trust: Any, reshaped: Any) -> None:
    """Let practices federate and leave, and settle the contracts of their networks.

    Mutates
    -------
    network (organisations, lanes): label
    qualified (places, lanes): share of people
    """
    qualified[:] = 0.0

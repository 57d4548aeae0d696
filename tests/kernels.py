"""Compile the model's kernels into their cache, so that tests side by side need not each compile them."""

from __future__ import annotations

from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import simulate_lanes


def main() -> None:
    """Simulate one run, which compiles what is not in the cache."""
    simulate_lanes([load_scenario("baseline")], [1], [0])


if __name__ == "__main__":
    main()

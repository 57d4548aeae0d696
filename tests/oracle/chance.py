"""Turn uniforms into what happens, one number at a time, by inverting each distribution term by term."""

from __future__ import annotations

import math
from enum import IntEnum


class Decision(IntEnum):
    """Numbers of what draws decide, which both implementations share."""

    INITIAL_TRUST = 1
    INITIAL_ORIENTATION = 2
    INITIAL_TENURE = 3
    PRESSURE = 4
    EXIT = 5
    SUCCESSOR = 6
    MEETINGS = 7
    JUDGEMENT = 8
    CHALLENGE = 9
    CHALLENGE_DELAY = 10
    BOARD = 11
    FEDERATE = 12
    LEAVE_NETWORK = 13
    CONTRACT = 14
    CLOSE = 15
    TENDER = 16
    TALK = 17
    OPENNESS = 18
    STANDING = 19
    VIGOUR = 20
    BURDEN = 21
    PAST_OF_PLACE = 22
    PAST_OF_PARTNER = 23
    PAST_OF_PAIR = 24
    MOVE = 25
    MOVE_FROM = 26
    BEHIND = 27
    SEAT = 28


MOST_MEETINGS = 63
"""Cap on the meetings of a tie in one step, so that the search of the inverse ends."""


def logistic(log_odds: float) -> float:
    """Return the probability with the given log-odds."""
    return 1.0 / (1.0 + math.exp(-log_odds))


def clip(value: float) -> float:
    """Limit a number to the unit interval."""
    return min(max(value, 0.0), 1.0)


def poisson(uniform: float, mean: float) -> int:
    """Return the smallest count whose cumulative Poisson probability exceeds the uniform."""
    probability = math.exp(-mean)
    cumulative = probability
    count = 0
    while uniform >= cumulative and count < MOST_MEETINGS:
        count += 1
        probability = probability * mean / count
        cumulative += probability
    return count


def binomial(uniform: float, trials: int, success: float) -> int:
    """Return the smallest count of successes whose cumulative binomial probability exceeds the uniform."""
    probability = 1.0
    for _ in range(trials):
        probability *= 1.0 - success
    cumulative = probability
    odds = success / (1.0 - success)
    count = 0
    while uniform >= cumulative and count < trials:
        count += 1
        probability = probability * (trials - count + 1) / count * odds
        cumulative += probability
    return count


class BetaQuantiles:
    """Invert a Beta distribution by linear interpolation in a table of its quantiles.

    Parameters
    ----------
    quantiles : list of float
        Quantiles at equally spaced probabilities from 0 to 1.
    """

    def __init__(self, quantiles: list[float]) -> None:
        self.quantiles = quantiles
        self.intervals = len(quantiles) - 1

    def __call__(self, uniform: float) -> float:
        """Return the quantile at a probability."""
        position = uniform * self.intervals
        below = min(int(position), self.intervals - 1)
        low, high = self.quantiles[below], self.quantiles[below + 1]
        return low + (position - below) * (high - low)

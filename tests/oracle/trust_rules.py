"""How a side learns to trust from the meetings of a step: three rules, told apart by number."""

from __future__ import annotations

from typing import Protocol


class TrustRule(Protocol):
    """Return trust after good and bad meetings, in a relation of some years without a bad one."""

    looks_at_relations: bool

    def __call__(self, trust: float, good: int, bad: int, relation: float) -> float:
        """Return trust after the meetings."""
        ...


class EncounterRule:
    """Every good meeting closes a share of the distance to full trust, every bad one loses a share of trust."""

    looks_at_relations = False

    def __init__(self, parameters: dict[str, float]) -> None:
        self.ungained = 1.0 - parameters["trust.gain"]
        self.unlost = 1.0 - parameters["trust.loss"]

    def __call__(self, trust: float, good: int, bad: int, relation: float) -> float:
        """Return trust after the meetings."""
        trust = 1.0 - (1.0 - trust) * self.ungained**good
        return trust * self.unlost**bad


class KlosNooteboomRule:
    """Trust is at least what the length of an unbroken relation warrants, until a bad meeting breaks it."""

    looks_at_relations = True

    def __init__(self, parameters: dict[str, float]) -> None:
        self.base = parameters["trust.base"]
        self.unlost = 1.0 - parameters["trust.loss"]
        self.factor = parameters["trust.relation_factor"]
        self.pace = parameters["trust.relation_pace"]

    def __call__(self, trust: float, good: int, bad: int, relation: float) -> float:
        """Return trust after the meetings."""
        if bad > 0:
            return trust * self.unlost**bad
        if good == 0:
            return trust
        length = 1.0 + self.pace * relation
        warranted = 1.0 - 1.0 / (self.factor * length + 1.0 - self.factor)
        return max(trust, self.base + (1.0 - self.base) * warranted)


class KimRule:
    """Trust adapts to the share of meetings that went well."""

    looks_at_relations = False

    def __init__(self, parameters: dict[str, float]) -> None:
        self.unadapted = 1.0 - parameters["trust.adaptation"]

    def __call__(self, trust: float, good: int, bad: int, relation: float) -> float:
        """Return trust after the meetings."""
        meetings = good + bad
        if meetings == 0:
            return trust
        return trust + (1.0 - self.unadapted**meetings) * (good / meetings - trust)


TRUST_RULES = (EncounterRule, KlosNooteboomRule, KimRule)
"""Rules by the number under which a scenario names them."""

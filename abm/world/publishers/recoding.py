"""Recode tables: the one way by which any table is joined to the codes of which a place is built.

What a table says of a code that changed belongs to the codes that it became: amounts add up where bodies merged
and are divided where one split, so that the total of every table stays what it was.
"""

import math
from collections.abc import Iterable, Mapping

from abm.world.publishers.reconciliation import Reconciliation
from abm.world.publishers.successions import Successions

SHARES = dict[str, dict[str, float]]
TOTAL_ROUNDING = 1e-9
"""Relative difference of two totals up to which they are one and the same."""


class Codes:
    """Resolve the codes of one kind of body, such as providers, the same way in every table.

    Parameters
    ----------
    successions : Successions
        What became of codes.
    known : iterable of str
        Codes that the place is built of. Others are followed to them, or stay as they are where no way leads to one.
    """

    def __init__(self, successions: Successions, known: Iterable[str]) -> None:
        self.successions = successions
        self.known = frozenset(known)
        self._parts: dict[str, dict[str, float]] = {}

    def parts(self, code: str) -> Mapping[str, float]:
        """Return the codes that a code became, with its parts, which sum to 1."""
        if code not in self._parts:
            self._parts[code] = self.successions.resolve(code, self.known) or {code: 1.0}
        return self._parts[code]

    def add_up(self, amounts: Mapping[str, float]) -> dict[str, float]:
        """Return amounts by the codes of the place; their total does not change."""
        found: dict[str, float] = {}
        for code, amount in amounts.items():
            for new, part in self.parts(code).items():
                found[new] = found.get(new, 0.0) + amount * part
        return found

    def average(
        self, shares: Mapping[str, Mapping[str, float]], people: Mapping[str, float]
    ) -> tuple[SHARES, list[str]]:
        """Average the shares of users that merged, weighted by their people.

        Parameters
        ----------
        shares : mapping of str to mapping of str to float
            Shares of use by user, then provider.
        people : mapping of str to float
            People by user. Where they are known of some of the users that became one, the others do not count;
            where of none, all count alike.

        Returns
        -------
        averages : dict of str to dict of str to float
            Shares by the codes of the place, then provider.
        without : list of str
            Users that merged with others and whose population is not known.
        """
        sources: dict[str, list[tuple[str, float]]] = {}
        for user in shares:
            for new, part in self.parts(user).items():
                sources.setdefault(new, []).append((user, part))
        found: SHARES = {}
        without: list[str] = []
        for new, olds in sources.items():
            if len(olds) > 1:
                unknown = [user for user, _ in olds if people.get(user, 0.0) <= 0.0]
                without += unknown
                if len(unknown) < len(olds):
                    olds = [(user, part) for user, part in olds if user not in unknown]  # noqa: PLW2901
            weights = [part * (people.get(user, 0.0) or 1.0) for user, part in olds]
            whole = math.fsum(weights)
            average = found.setdefault(new, {})
            for (user, _), weight in zip(olds, weights, strict=True):
                for provider, share in shares[user].items():
                    average[provider] = average.get(provider, 0.0) + share * (weight / whole)
        return found, without

    def followed(self, codes: Iterable[str]) -> list[str]:
        """Name the codes among some that changed, with what they became, and the part of each where they split."""
        return [
            f"{code} to {' and '.join(with_part(new, part) for new, part in sorted(self.parts(code).items()))}"
            for code in codes
            if set(self.parts(code)) != {code}
        ]


def with_part(code: str, part: float) -> str:
    """Return a code, with the part of a split that belongs to it."""
    return code if part == 1.0 else f"{code} (part {part:.2g})"


def tell_total(told: Reconciliation, file: str, what: str, before: float, after: float) -> None:
    """Report the total of a table as published and by the codes of the place, and whether they differ."""
    if before == after == 0.0:
        return
    agree = math.isclose(before, after, rel_tol=TOTAL_ROUNDING, abs_tol=TOTAL_ROUNDING)
    lost = "" if agree else "; the totals should agree, please report this"
    told.tell(file, f"{what}: {before:,.10g} as published, {after:,.10g} once codes are followed{lost}")

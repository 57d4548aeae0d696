"""Follow codes through mergers and splits to those that are known today."""

from collections.abc import Container, Iterable

from abm.world.publishers.publications import Beds, Body, Succession


class Successions:
    """The succession of a code.

    Parameters
    ----------
    rows : iterable of Succession
        Who took over whom. A code with several successors is divided equally.
    """

    def __init__(self, rows: Iterable[Succession]) -> None:
        self.successors: dict[str, tuple[str, ...]] = {}
        for row in rows:
            held = self.successors.get(row.old, ())
            if row.new not in held:
                self.successors[row.old] = (*held, row.new)

    def resolve(self, code: str, known: Container[str]) -> dict[str, float]:
        """Return the known codes that a code became, with its parts, which sum to 1; empty if none is.

        A known code stays as it is, even if it was replaced later. Branches that lead to no known code are left
        out and their part goes to the others; so does what goes round in a circle.
        """
        found: dict[str, float] = {}
        going = {code: 1.0}
        for _ in range(len(self.successors) + 1):
            ahead: dict[str, float] = {}
            for here, part in going.items():
                if here in known:
                    found[here] = found.get(here, 0.0) + part
                    continue
                successors = self.successors.get(here, ())
                for new in successors:
                    ahead[new] = ahead.get(new, 0.0) + part / len(successors)
            going = ahead
            if not going:
                break
        whole = sum(found.values())
        return {end: part / whole for end, part in found.items()} if whole > 0.0 else {}

    def circles(self) -> list[str]:
        """Return the codes that lie on circles, or on ways from one circle to another."""
        ahead = {code: set(successors) for code, successors in self.successors.items()}
        behind: dict[str, set[str]] = {}
        for code, successors in ahead.items():
            for new in successors:
                behind.setdefault(new, set()).add(code)
        for table, opposite in ((ahead, behind), (behind, ahead)):
            ends = [code for code in sorted(table.keys() | opposite.keys()) if not table.get(code)]
            while ends:
                end = ends.pop()
                for code in sorted(opposite.pop(end, ())):
                    table[code].discard(end)
                    if not table[code]:
                        ends.append(code)
        return sorted(code for code in ahead.keys() & behind.keys() if ahead[code] and behind[code])


def presumed_successions(
    beds: dict[str, Beds], providers: dict[str, Body], known: Successions
) -> list[Succession]:
    """Find closed providers with beds that have no successor in any table, but share an address with another provider.

    The successor is one at the postcode of a provider that closed, has no beds of its own, and
    is open.
    """
    at: dict[str, list[str]] = {}
    for code, body in providers.items():
        bedless = code not in beds or beds[code].available <= 0.0
        if body.postcode and body.closed is None and bedless:
            at.setdefault(body.postcode, []).append(code)
    found = []
    for code, row in beds.items():
        if row.closed is None or row.available <= 0.0 or code in known.successors:
            continue
        heirs = [heir for heir in at.get(row.postcode, []) if heir != code]
        if len(heirs) == 1:
            found.append(Succession(code, heirs[0], row.closed))
    return found

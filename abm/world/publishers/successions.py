"""Follow codes through mergers and splits to those that are known today."""

from collections.abc import Container, Iterable

from abm.world.publishers.publications import Beds, Body, Succession


class Successions:
    """Say what became of a code.

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

        A known code stays as it is, whatever came of it later. Branches that lead to no known code are left
        out and their part goes to the others; a code that succeeds itself through others ends the branch.
        """
        parts = self._follow(code, known, 1.0, (code,))
        whole = sum(parts.values())
        return {found: part / whole for found, part in parts.items()}

    def _follow(
        self, code: str, known: Container[str], part: float, way: tuple[str, ...]
    ) -> dict[str, float]:
        if code in known:
            return {code: part}
        found: dict[str, float] = {}
        successors = [new for new in self.successors.get(code, ()) if new not in way]
        for new in successors:
            for end, share in self._follow(new, known, part / len(successors), (*way, new)).items():
                found[end] = found.get(end, 0.0) + share
        return found


def presumed_successions(
    beds: dict[str, Beds], providers: dict[str, Body], known: Successions
) -> list[Succession]:
    """Find closed providers with beds whose successor no table names, but whose address another provider has.

    The successor is one that stands at the postcode of a provider that closed, has no beds of its own, and
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

"""Keep the places of a server: one for each page that runs, given back within seconds of its end."""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass

GRACE = 5.0
"""Seconds for which a place is kept for a page whose connection broke, while others wait."""
FULL = "full"
CROWDED = "crowded"


@dataclass
class Place:
    """Hold the place of one page that has run.

    Attributes
    ----------
    address : str
        Whose it is, from `address_key`.
    connections : int
        Open ones.
    left : float
        When the last connection ended, seconds of the clock.
    """

    address: str
    connections: int = 0
    left: float = 0.0


class Places:
    """Count pages that run; used by the event loop alone.

    A page whose connection broke may come back for as long as Solara keeps its kernel. Its place is kept for it only
    while nobody else needs it: after `GRACE` seconds a newcomer gets it, and the kernel that waited longest ends.

    Parameters
    ----------
    most : int
        Pages at once.
    most_of_address : int
        Pages at once of one address.
    is_alive : callable
        Whether a kernel is there.
    end : callable
        Ends a kernel, without waiting for it.
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        most: int,
        most_of_address: int,
        is_alive: Callable[[str], bool],
        end: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most = most
        self.most_of_address = most_of_address
        self._is_alive = is_alive
        self._end = end
        self._clock = clock
        self._places: dict[str, Place] = {}

    def refusal(self, address: str) -> str:
        """Say why a page from this address would get no place: `FULL`, `CROWDED`, or empty if it would."""
        taken = [place for place in self._alive().values() if self._is_kept(place)]
        if len(taken) >= self.most:
            return FULL
        if sum(place.address == address for place in taken) >= self.most_of_address:
            return CROWDED
        return ""

    def has(self, kernel: str) -> bool:
        """Whether a page has a place, or had one and may come back to it."""
        return kernel in self._alive()

    def take(self, kernel: str, address: str) -> str:
        """Take a place for a page that begins to run, and has none.

        Returns
        -------
        str
            Why there is none, empty if there is.
        """
        refusal = self.refusal(address)
        if not refusal:
            self._make_room(address)
            self._places[kernel] = Place(address, connections=1)
        return refusal

    def take_again(self, kernel: str, address: str) -> str:
        """Connect a page that had a place once more.

        Returns
        -------
        str
            Why it has lost its place meanwhile, empty if it has not.
        """
        place = self._alive().get(kernel)
        if place is None or not self._is_kept(place):
            refusal = self.refusal(address)
            if refusal:
                return refusal
        if place is None:
            self._places[kernel] = place = Place(address)
        place.connections += 1
        return ""

    def leave(self, kernel: str) -> None:
        """End a connection of a page."""
        place = self._places.get(kernel)
        if place is not None:
            place.connections -= 1
            place.left = self._clock()

    def _alive(self) -> dict[str, Place]:
        self._places = {
            kernel: place
            for kernel, place in self._places.items()
            if place.connections > 0 or self._is_alive(kernel)
        }
        return self._places

    def _is_kept(self, place: Place) -> bool:
        return place.connections > 0 or self._clock() - place.left < GRACE

    def _make_room(self, address: str) -> None:
        """End the kernels that waited longest for their pages, so that there are never more than places."""
        waiting = [kernel for kernel, place in self._alive().items() if place.connections <= 0]
        waiting.sort(key=lambda kernel: self._places[kernel].left)
        own = sum(place.address == address for place in self._places.values())
        for kernel in waiting:
            is_own = self._places[kernel].address == address
            if len(self._places) >= self.most or (is_own and own >= self.most_of_address):
                own -= is_own
                del self._places[kernel]
                self._end(kernel)


def address_key(host: str) -> str:
    """Return what stands for a visitor's address: of IPv6 the network, of which one computer has all addresses."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)

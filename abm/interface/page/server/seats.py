"""The seats of a server: one for each page that runs, released within seconds of its end."""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass

GRACE = 5.0
"""Seconds for which the seat of a page whose connection broke is reserved while others wait."""
FULL = "full"
CROWDED = "crowded"


@dataclass
class Seat:
    """The seat of one page.

    Attributes
    ----------
    address : str
        Address of its visitor, from `address_key`.
    connections : int
        Open connections of the page.
    left : float
        When the last connection ended, in seconds of the clock.
    """

    address: str
    connections: int = 0
    left: float = 0.0


class Seats:
    """The seats of all pages that run; used only by the event loop.

    A page whose connection broke may come back for as long as Solara keeps its kernel. Its seat is reserved only
    while nobody else needs it: after `GRACE` seconds a newcomer gets it, and the kernel that has waited longest ends.

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
        self._seats: dict[str, Seat] = {}

    def refusal(self, address: str) -> str:
        """Return why a page from this address gets no seat, `FULL` or `CROWDED`; empty if it gets one."""
        taken = [seat for seat in self._alive().values() if self._is_kept(seat)]
        if len(taken) >= self.most:
            return FULL
        if sum(seat.address == address for seat in taken) >= self.most_of_address:
            return CROWDED
        return ""

    def has(self, kernel: str) -> bool:
        """Return whether a page has a seat, or had one to which it may come back."""
        return kernel in self._alive()

    def take(self, kernel: str, address: str) -> str:
        """Take a seat for a page that begins to run.

        Returns
        -------
        str
            Why there is none; empty if the page has one now.
        """
        refusal = self.refusal(address)
        if not refusal:
            self._make_room(address)
            self._seats[kernel] = Seat(address, connections=1)
        return refusal

    def take_again(self, kernel: str, address: str) -> str:
        """Connect again a page that had a seat.

        Returns
        -------
        str
            Why it has lost its seat; empty if it still has it.
        """
        seat = self._alive().get(kernel)
        if seat is None or not self._is_kept(seat):
            refusal = self.refusal(address)
            if refusal:
                return refusal
        if seat is None:
            self._seats[kernel] = seat = Seat(address)
        seat.connections += 1
        return ""

    def leave(self, kernel: str) -> None:
        """Record the end of a connection of a page."""
        seat = self._seats.get(kernel)
        if seat is not None:
            seat.connections -= 1
            seat.left = self._clock()

    def _alive(self) -> dict[str, Seat]:
        self._seats = {
            kernel: seat
            for kernel, seat in self._seats.items()
            if seat.connections > 0 or self._is_alive(kernel)
        }
        return self._seats

    def _is_kept(self, seat: Seat) -> bool:
        return seat.connections > 0 or self._clock() - seat.left < GRACE

    def _make_room(self, address: str) -> None:
        """End the kernels that have waited longest for their pages, so that there are never more kernels than seats."""
        waiting = [kernel for kernel, seat in self._alive().items() if seat.connections <= 0]
        waiting.sort(key=lambda kernel: self._seats[kernel].left)
        own = sum(seat.address == address for seat in self._seats.values())
        for kernel in waiting:
            is_own = self._seats[kernel].address == address
            if len(self._seats) >= self.most or (is_own and own >= self.most_of_address):
                own -= is_own
                del self._seats[kernel]
                self._end(kernel)


def address_key(host: str) -> str:
    """Return the key of a visitor's address: for IPv6 its network, since one computer may use all its addresses."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)

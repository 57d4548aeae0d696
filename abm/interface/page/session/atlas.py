"""Places laid out for the screen, once for all visitors of a server."""

import threading
from collections import OrderedDict

from abm.interface.page.widgets.layout_of_place import lay_out
from abm.interface.page.widgets.network_values import pack_structure
from abm.world.place import Place

MOST_PLACES = 8


class Atlas:
    """The layouts of the places that were looked at last; safe to use from several threads.

    Parameters
    ----------
    size : int
        Most layouts that are kept.
    """

    def __init__(self, size: int = MOST_PLACES) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._sheets: OrderedDict[Place, bytes] = OrderedDict()
        self._begun: set[Place] = set()

    def sheet(self, place: Place) -> bytes:
        """Return the packed layout of a place (`pack_structure`); threads that ask for it at once share the work."""
        with self._lock:
            if place not in self._sheets:
                self._sheets[place] = pack_structure(place, lay_out(place))
            self._sheets.move_to_end(place)
            while len(self._sheets) > self.size:
                self._sheets.popitem(last=False)
            return self._sheets[place]

    def prepare(self, place: Place) -> None:
        """Lay a place out in the background, unless that has begun already."""
        if place in self._sheets or place in self._begun:
            return
        self._begun.add(place)

        def lay() -> None:
            try:
                self.sheet(place)
            finally:
                self._begun.discard(place)

        threading.Thread(target=lay, name="abm-atlas", daemon=True).start()

"""Build a place from the publishers' own files: practices, lists, providers, commissioners and flows.

The files come from different offices at different times, so their codes never match wholly. Reading checks
every row and reports all faults together (`sheets`, `publications`). Codes that changed are followed through
mergers (`successions`), postcodes become kilometres (`gazetteer`), and building (`building`) writes down
every code that it could not match, and every assumption that replaces what the files lack
(`reconciliation`).
"""

from abm.world.publishers.building import build_place
from abm.world.publishers.folder import read_folder
from abm.world.publishers.publications import Publications
from abm.world.publishers.reconciliation import Reconciliation

__all__ = ["Publications", "Reconciliation", "build_place", "read_folder"]

"""Write the reference pages: ``python -m abm.interface.reference``."""

import sys

from abm.interface.reference.pages import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

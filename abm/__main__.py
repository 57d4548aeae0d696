"""Run the command line without an installed command: ``python -m abm``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python looks for modules in the working directory first, where anybody's files may lie; abm itself may as well.
    if not sys.flags.safe_path and Path(sys.path[0]).resolve() != Path(__file__).resolve().parents[1]:
        del sys.path[0]

    from abm.interface.cli import main

    main()

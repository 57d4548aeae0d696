"""Run the command line without an installed command: ``python -m abm``."""

from abm.interface.cli import main

if __name__ == "__main__":
    main()

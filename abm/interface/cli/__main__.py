"""Run the command line: ``python -m abm.interface.cli``."""

from abm.interface.cli import main

if __name__ == "__main__":
    main()

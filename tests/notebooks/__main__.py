"""Store the outputs of every notebook anew: ``python -m tests.notebooks``."""

import tempfile
from pathlib import Path

from tests.notebooks.execution import NOTEBOOKS, renew

if __name__ == "__main__":
    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            renew(path, Path(folder))

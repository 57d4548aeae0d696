"""The command line: `program` puts the commands together, `options` declares what they share.

A command collects everything that is wrong with its input before it starts, and ends with an exit code on which
scripts can rely. Nothing heavy is imported until it is needed.
"""

from typing import Any

from abm.interface.terminal.ending import ending_by_signals


def main() -> Any:
    """Run the command line; the installed command `abm` calls this function."""
    with ending_by_signals():
        from abm.interface.cli.program import app

        return app()

"""One server for the suite, and after each test: others can work, no file has changed, the log is fit to be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from solara.server import settings as solara_settings

from tests.browser.serving import served
from tests.hostile.visitor import works

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LINE = 400
MOST_LINES = 400


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes
    ----------
    port, pid : int
    log : Path
        What it has told its operator.
    """

    port: int
    pid: int
    log: Path

    def told(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def installed_files() -> dict[str, tuple[int, int]]:
    """Return size and time of change of every file from which the page is served."""
    folder = Path(solara_settings.assets.proxy_cache_dir)
    assert any(folder.iterdir())
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def start(folder: Path, *options: str) -> Iterator[Server]:
    log = folder / "operator.log"
    with served(*options, log=log) as (address, pid):
        yield Server(int(address.rpartition(":")[2]), pid, log)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server as anybody does."""
    yield from start(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="session")
def untouched() -> dict[str, tuple[int, int]]:
    return installed_files()


@pytest.fixture(autouse=True)
def nothing_is_harmed(server: Server, untouched: dict[str, tuple[int, int]]) -> Iterator[None]:
    yield
    works(server.port)
    assert installed_files() == untouched
    told = server.told()
    assert "Traceback" not in told
    assert all(line.isprintable() and len(line) <= LONGEST_LINE for line in told.splitlines())
    assert len(told.splitlines()) <= MOST_LINES

"""A cluster for the tests, if Slurm is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from abm.sweeps.engines.processes import Processes
from abm.sweeps.sweep import Sweep
from tests.cluster.slurm import Slurm, missing_programs, one_machine_cluster
from tests.cluster.sweeps import copied, data, planned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from abm.sweeps.store.manifest import Manifest


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """Start a Slurm cluster of this machine once, and let every process of this suite find it."""
    missing = missing_programs()
    if missing:
        pytest.skip(f"needs Slurm; install slurm-wlm and munge ({', '.join(missing)} not found)")
    with pytest.MonkeyPatch.context() as patch, one_machine_cluster() as cluster:
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        # Jobs share what the first of them compiles.
        if "NUMBA_CACHE_DIR" not in os.environ:
            patch.setenv("NUMBA_CACHE_DIR", str(tmp_path_factory.mktemp("kernels")))
        yield cluster


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Plan a small sweep once; tests carry copies of it."""
    return planned(tmp_path_factory.mktemp("planned"))


@pytest.fixture(scope="session")
def undisturbed(manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Run the sweep undisturbed in one process, and return the data of its tables."""
    directory = copied(manifest, tmp_path_factory.mktemp("undisturbed") / "small")
    Sweep(directory).carry_out(Processes(1))
    return data(directory)


@pytest.fixture
def directory(manifest: Manifest, tmp_path: Path) -> Path:
    """Copy the planned sweep for a test."""
    return copied(manifest, tmp_path / "small")

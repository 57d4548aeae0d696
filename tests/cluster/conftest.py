"""Give the tests a cluster, where Slurm is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cluster.slurm import Slurm, missing_programs, one_machine_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """Start a Slurm cluster of this machine once, and let every process of this suite find it."""
    missing = missing_programs()
    if missing:
        pytest.skip(f"needs Slurm; install slurm-wlm and munge ({', '.join(missing)} not found)")
    before = os.environ.get("SLURM_CONF")
    with one_machine_cluster() as cluster:
        os.environ.update(cluster.environment)
        yield cluster
    if before is None:
        del os.environ["SLURM_CONF"]
    else:
        os.environ["SLURM_CONF"] = before

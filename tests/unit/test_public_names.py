"""`import abm` offers the public names and loads next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import abm

SLOW = ("mesa", "networkx", "numba", "numpy", "pandas", "pyarrow", "scipy", "solara", "typer")


def loaded_by(statement: str) -> set[str]:
    """Run a statement in a new interpreter; return the slow packages that it loads."""
    program = f"import sys\n{statement}\nprint(*[name for name in {SLOW} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_no_slow_package() -> None:
    assert loaded_by("import abm; abm.__version__; dir(abm)") == set()


@pytest.mark.parametrize("name", ["levers", "parameters"])
def test_listing_records_loads_no_engine(name: str) -> None:
    assert loaded_by(f"import abm; abm.{name}()").isdisjoint({"mesa", "networkx", "numba", "pandas", "scipy"})


@pytest.mark.parametrize("name", ["Scenario", "load_scenario", "load_place"])
def test_describing_a_run_loads_no_mesa(name: str) -> None:
    assert loaded_by(f"import abm; abm.{name}").isdisjoint({"mesa", "numba", "pandas", "solara"})


@pytest.mark.parametrize("name", abm.__all__)
def test_public_name_is_there(name: str) -> None:
    assert getattr(abm, name) is not None
    assert name in dir(abm)


def test_star_import_gives_the_public_names() -> None:
    offered: dict[str, object] = {}
    exec("from abm import *", offered)
    assert set(abm.__all__) <= set(offered)


def test_unknown_name_is_an_attribute_error_that_lists_what_there_is() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lever'; it offers IntegrationModel"):
        _ = abm.lever

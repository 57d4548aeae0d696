"""An agent-based policy lab for integrated care.

The public names are loaded when first used, so that ``import abm`` is quick and a listing of levers needs neither
Mesa nor numba::

    import abm

    model = abm.IntegrationModel(abm.load_scenario("sustained_leadership"), seed=1)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abm.scenarios.integration_model import IntegrationModel
    from abm.scenarios.scenario import Scenario, load_scenario
    from abm.submodels.quantities import levers, parameters
    from abm.sweeps.store.dataset import open_sweep
    from abm.world.place_loading import load_place

__version__ = "0.1.0"

__all__ = [
    "IntegrationModel",
    "Scenario",
    "__version__",
    "levers",
    "load_place",
    "load_scenario",
    "open_sweep",
    "parameters",
]

_HOMES = {
    "IntegrationModel": "abm.scenarios.integration_model",
    "Scenario": "abm.scenarios.scenario",
    "levers": "abm.submodels.quantities",
    "load_place": "abm.world.place_loading",
    "load_scenario": "abm.scenarios.scenario",
    "open_sweep": "abm.sweeps.store.dataset",
    "parameters": "abm.submodels.quantities",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'abm' has no attribute '{name}'; it offers {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

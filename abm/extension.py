"""Write a submodel of one's own: levers, parameters, state, mechanisms and measures, in one file outside the package.

A file declares one `Submodel`; a scenario names the file under ``extensions``. From then on its levers are set,
checked, tabulated and reported like any other, and its mechanisms take their places in the month. A guide with an
example is in ``docs/guides/own-mechanism.md``. The submodels that come with abm are written in the same way.
"""

from abm.core.declaration import (
    Submodel,
    decision,
    field,
    lever,
    measure,
    mechanism,
    parameter,
    start,
    table,
    tally,
)
from abm.core.draws import uniforms

__all__ = [
    "Submodel",
    "decision",
    "field",
    "lever",
    "measure",
    "mechanism",
    "parameter",
    "start",
    "table",
    "tally",
    "uniforms",
]

"""Add levers, parameters, state, mechanisms and measures of one's own, in one file outside the package.

A file declares one `Extension`; a scenario names the file under ``extensions``. From then on its levers are set,
checked, tabulated and reported like any other, and its mechanisms take their places in the month. A guide with an
example is in ``docs/guides/own-mechanism.md``.
"""

from abm.draws import uniforms
from abm.model.declaration import Extension, decision, lever, measure, mechanism, parameter
from abm.model.declaration import field_of_state as field

__all__ = ["Extension", "decision", "field", "lever", "measure", "mechanism", "parameter", "uniforms"]

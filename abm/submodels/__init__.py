"""Why: one idea of the theory in each folder, with its levers, parameters, state, equations, draws and measures.

A submodel is written as a user would write one (`docs/guides/own-mechanism.md`): NAME/NAME.py declares what it consists
of, NAME/NAME.yaml holds its levers and parameters. `order.py` puts their mechanisms into the order of a month. The
docstring of each is its section of the model description (`docs/ODD.md`).
"""

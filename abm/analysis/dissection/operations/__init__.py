"""Surgeries on the trust or the ties of a running model, each a submodel that joins the theory as an extension does."""

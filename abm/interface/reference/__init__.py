"""The reference pages, written from the declarations of the model: ``python -m abm.interface.reference``."""

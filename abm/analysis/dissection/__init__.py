"""Cut into a place's network of trust and see what changes: surgeries, and measures of how trust is structured."""

"""Who and when: scenario files and what they are composed of, extensions, and a scenario as a Mesa model."""

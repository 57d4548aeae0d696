"""WHO and WHEN: scenario files, what they are composed of, extensions, and Mesa's face on a running scenario."""

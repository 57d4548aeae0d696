"""WHO and WHEN: scenarios, state, the order of a month, measures, extensions, and Mesa's face on all of them."""

"""Meet the people who use the model: the command line (`cli`), and what it prints (`tables`, `listings`).

A command gathers everything that is wrong with its input before it starts (`experiment`), shows how far it
is, and ends with a code that scripts can rely on (`terminal`). Nothing heavy is imported until it is needed.
"""

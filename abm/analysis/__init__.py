"""Analyse what runs show: how often integrated care emerges, when, and what a policy changes.

Every policy meets the same accidents of fate, replicate by replicate, so policies are compared pair by pair
(`effects`): the luck that two policies share cancels, and what is left is the policy. Whether and when
integrated care emerges is a question of events and of runs that end before the event, so it is answered with
score intervals and survival curves (`emergence`). `comparison` brings both together for any number of
policies; `report` writes the result as one page that reads offline, with the plots of `figures`.

This layer knows runs, months and measures; it does not know what a measure means beyond its name, unit and
range.
"""

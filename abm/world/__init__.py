"""Places: local health economies, drawn from published aggregates.

A place file holds what is known of a local health economy, each number with its source: people, practices,
hospitals with their beds and flows of patients, and the organisations that serve a wider area (`placefile`).
What is not published is drawn: list sizes, positions, and each practice's shares of use, so that they add up
to what is (`synthesis`). Shares of use decide who deals with whom (`ties`). The result is a `Place`: arrays
that a run reads and never changes (`place`), which can be looked at, edited and exchanged as a network
(`network`). Regions of any size can be drawn at random to measure how the model scales (`region`).
"""

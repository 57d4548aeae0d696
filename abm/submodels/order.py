"""The order of a month: its phases, and in each the mechanisms that run one after the other."""

MONTH = (
    ("What presses", ("traits", "demand", "payment", "pressure")),
    ("What leaders give", ("showcase", "leadership", "moves", "effort", "approach", "attention")),
    (
        "What passes between two",
        (
            "barrier",
            "contact",
            "clinical",
            "encounter",
            "memory",
            "trust",
            "succession",
            "talk",
            "suspension",
            "challenge",
            "tender",
            "caution",
        ),
    ),
    ("What a place builds", ("closure", "federation", "peers", "governance", "integration")),
)

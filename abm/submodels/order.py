"""The order of a month: its phases, and in each the mechanisms that run one after the other."""

MONTH = (
    ("What presses", ("traits", "demand", "payment", "pressure")),
    ("What leaders give", ("showcase", "leadership", "moves", "effort", "attention")),
    (
        "What passes between two",
        (
            "contact",
            "clinical",
            "encounter",
            "trust",
            "succession",
            "talk",
            "suspension",
            "challenge",
            "tender",
        ),
    ),
    ("What a place builds", ("closure", "federation", "peers", "governance", "integration")),
)

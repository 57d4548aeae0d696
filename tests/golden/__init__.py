"""Check that a change of the code moves no result: every shipped scenario in every shipped place, bit for bit."""

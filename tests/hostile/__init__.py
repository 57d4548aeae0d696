"""What a hostile visitor tries on a real server, on this machine alone, and that others never notice."""

"""The server of the page: what it answers, to whom, and how much of it."""

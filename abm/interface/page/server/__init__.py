"""The server of the page: which requests it answers, from whom, and how many at once."""

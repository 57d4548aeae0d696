"""Define what a sweep varies and at which points: the base, its dimensions, designs, and the table of points."""

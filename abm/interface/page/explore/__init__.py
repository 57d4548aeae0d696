"""The tab Explore: levers, the place month by month, and what becomes of it."""

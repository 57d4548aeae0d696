"""The tab Compare: two or three policies that meet the same accidents."""

"""Printed output: where text goes (`streams`, `console`), and the tables and cards of the commands."""

"""Checks a run's parameters before anything costs time, and notes when it began."""

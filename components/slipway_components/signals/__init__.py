"""Signals of sensors, from recordings to a model: what all workloads on them share, and each one's
own part."""

"""Benchmarks: each prints a JSON line; none asserts a time."""

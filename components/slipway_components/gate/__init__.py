"""Stops a model that is not good enough."""

"""Trains the model that is released, on all recordings."""

"""Slipway: from training data to a model that answers on an edge device."""

__version__ = "0.1.0"

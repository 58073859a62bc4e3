"""Trains the classifier."""

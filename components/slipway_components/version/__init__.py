"""Allocates the model version of a run."""

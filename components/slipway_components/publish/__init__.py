"""Hands the model over to the model-output bucket."""

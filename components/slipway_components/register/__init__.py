"""Records the run and its model version in the model registry."""

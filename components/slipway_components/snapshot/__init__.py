"""Records exactly what a model is trained on, checks it and brings it back."""

"""Takes a folder of labelled images as training data."""

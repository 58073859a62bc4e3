"""A tiny web server that tells which image it is."""

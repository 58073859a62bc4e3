"""A push starts the pipelines that it concerns."""

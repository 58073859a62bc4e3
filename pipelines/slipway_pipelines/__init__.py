"""Pipelines, one a file, in the kfp DSL only."""

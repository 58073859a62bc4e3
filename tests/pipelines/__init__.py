"""Tiny pipelines that the tests of pipeline backends run."""

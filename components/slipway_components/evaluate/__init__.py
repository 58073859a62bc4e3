"""Measures an exported model on images that it has not seen."""

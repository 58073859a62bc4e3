"""Judges a way of training on recordings that it has not learned from."""

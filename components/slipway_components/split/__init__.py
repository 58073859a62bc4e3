"""Divides a snapshot into training, validation and test images."""

"""Synthetic recordings at a door: keys, locks, knocking and whatever else sounds there."""

"""Gets the recordings: those of the user, or synthetic ones."""

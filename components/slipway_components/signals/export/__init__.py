"""SavedModel, LiteRT files and the card of a model of signals."""

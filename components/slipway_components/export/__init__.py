"""SavedModel, LiteRT files and the model's card out of a trained model."""

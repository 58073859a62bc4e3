"""Gets the training images: renders them, or takes those that the user has."""

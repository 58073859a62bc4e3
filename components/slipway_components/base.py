"""What all component specs share."""

# The image that pipeline tasks run in on a cluster; `slipway compile --image` writes another
# one into the compiled pipeline. Local runs use this very Python and no image.
PIPELINE_IMAGE = "slipway-pipeline:latest"

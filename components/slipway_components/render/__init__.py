"""Renders training images of mechanical parts from CAD meshes."""

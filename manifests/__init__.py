"""The PodSpec templates as package data, so that a deployed function finds them."""

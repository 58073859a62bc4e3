"""The Containerfiles and what they copy, as package data."""

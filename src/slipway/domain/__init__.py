"""The vocabulary of Slipway: value objects and errors. Standard library only, no I/O."""

"""What is up, what is wrong and what to do about it: `slipway status` and the console's first page.

`gather` asks for everything at once; the other modules sum up one concern each, without I/O, and
say what of it is a problem.
"""

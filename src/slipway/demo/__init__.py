"""`make demo`: the whole chain on this machine, told stage by stage.

The demo does nothing that a user could not do: every stage runs `slipway` commands, as the
screen shows them, and looks at what they print for machines.
"""

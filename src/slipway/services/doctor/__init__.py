"""`slipway doctor`: what a machine lacks for its role, and how to get it.

`checks` and `device` judge facts (`slipway.domain.machine`) and do no I/O; `roles` says what is
asked of which role.
"""

"""One file per technology and role; each implements a port and wraps foreign exceptions."""

"""The embedded default: the processes that make one machine a whole installation.

A registry, and devices of a network namespace, containerd and kubelet each. Everything here
starts and stops existing engines; it does none of their work.
"""

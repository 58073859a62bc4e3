"""The agent of an edge device: brings its kubelet to what the owner of a deploy bucket has signed.

It lives on devices with 1 GB of memory. That is why value objects are NamedTuples (dataclasses
alone cost 1.5 MB) and why libraries are imported where they are needed: an idle poll needs none.
"""

__version__ = "0.1.0"

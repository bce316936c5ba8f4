"""A node's processes and their launcher: where capture, detect and egress meet, each behind its own locks.

The launcher (:mod:`~clairvoie.node.launcher`) starts them and hears nothing; an analyser hears one sensor; a fetcher
holds one camera's connection; the gatekeeper decides what leaves, and signs it; the courier carries it to the hub.
"""

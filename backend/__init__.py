"""Colour, the network, full resolution, the pipeline, the daemon, the client and the `raiha` command."""

import os

# Read when torch is loaded: threads that wait for one another must not spin. On two cores of which another program
# takes one, spinning makes the network many times slower (docs/figures.md, Network).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

"""Colour, the network, full resolution, the pipeline, the daemon, the client and the `raiha` command."""

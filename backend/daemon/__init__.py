"""The daemon: one process that keeps the weights in memory and works for the editors and the command."""

"""The `raiha` command: one file for each sub-command."""

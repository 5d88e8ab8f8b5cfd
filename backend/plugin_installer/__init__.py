"""Puts the editors' plug-ins in place and takes them away again: one file an editor."""

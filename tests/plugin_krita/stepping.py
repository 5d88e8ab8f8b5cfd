"""Runs the plug-in's generators to their end, without a timer."""

from raiha.backend.client.raiha_plugin import at_once as run

__all__ = ["run"]

"""The client file that travels with the plug-ins."""

"""The client of the daemon, which travels with the plug-ins: standard library only, Python 3.8 and later.

An installed plug-in carries a copy of this folder as its own package ``client``, so everything in here imports its
neighbours by relative imports.
"""

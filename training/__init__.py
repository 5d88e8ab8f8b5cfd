"""Training of the extractor and the network: data, recolouring, loops."""

"""The harmonization network."""

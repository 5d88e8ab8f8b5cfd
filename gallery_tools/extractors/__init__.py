"""The extractors of content features."""

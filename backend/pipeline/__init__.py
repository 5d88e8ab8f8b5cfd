"""The way of a request: bounds, crops, references, prediction, full resolution."""

"""What happens to a request: bounds, crops, references, prediction, full resolution."""

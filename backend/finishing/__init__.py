"""What else gives a paste away once its colours fit: a fringe at its edge, missing grain, and too much sharpness."""

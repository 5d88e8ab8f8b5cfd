"""Training samples: drawing, recolouring, composites, references."""

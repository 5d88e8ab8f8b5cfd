"""From a folder of photos to references: reading photos, their features, the gallery that keeps them, search."""

"""From a folder of photos to references: reading photos, their features, the gallery that keeps them, search."""

import os

# ONNX Runtime 1.29 and later report to Microsoft by default, and write a number of the machine to the home folder. It
# reads this when it is imported; its function to disable that comes too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

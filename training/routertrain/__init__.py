"""Trains the shared encoder and its heads, and exports them as one ONNX bundle."""

"""Models: metadata, security checks, the catalogue, and inference with ONNX Runtime."""

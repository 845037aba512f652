"""Publishing: calibration, thresholds, scores and a model card for a trained network."""

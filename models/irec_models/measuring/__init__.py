"""Measuring: how right a model is on clips and mixtures, and what it withstands."""

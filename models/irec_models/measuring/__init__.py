"""Evaluation: scores of a model on clips and on mixtures, and stress tests."""

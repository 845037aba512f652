"""Stress tests: degraded recordings, sounds that are no music, single notes, ensembles.

All labels and events come from the app's own pipeline, with the model's own thresholds.
"""

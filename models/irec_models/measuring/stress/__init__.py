"""What a network withstands: bad recordings, sounds that are no music, single notes, ensembles.

Everything that speaks of labels and events hears them from the app's own pipeline, with the model's own thresholds.
"""

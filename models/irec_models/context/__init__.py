"""Context heads: a small network that decides from the last seconds of a trained network's features.

`head` is what learns from seconds of sound whose every moment is labelled (`irec_models.data.mixing.sequences`),
`features` what it is given, `fit` the training, `into_file` what writes the head into an exported file.
"""

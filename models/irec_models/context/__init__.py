"""Context heads: a small network that decides from the last seconds of a trained network's features.

`sequences` puts together seconds of sound whose every moment is labelled, `head` is what learns from them, `features`
what it is given, `fit` the training, and `into_file` writes the head into an exported file beside the network.
"""

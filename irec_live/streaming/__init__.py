"""Streaming analysis: blocks of samples in; activations, envelopes and events out, on one time axis."""

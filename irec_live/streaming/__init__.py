"""Streaming: samples in, block by block; activations, envelopes and events out, on one time axis."""

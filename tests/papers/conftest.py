"""Checkpoints with random weights, and small networks that recipes can name; see `network_fixtures`."""

from network_fixtures import one_torch_thread, small_architectures, small_checkpoint, small_envelope_checkpoint

__all__ = ["one_torch_thread", "small_architectures", "small_checkpoint", "small_envelope_checkpoint"]

"""What a training does with the memory that it frees."""

from __future__ import annotations

import subprocess
import sys

import pytest

_COUNT = """
import resource
import torch
from irec_models.training.memory import freed_memory_kept

def faults():
    # Pages that the system had to clear for 32 MiB.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(2**23).add_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

usual = min(faults() for _ in range(4))
with freed_memory_kept():
    kept = min(faults() for _ in range(12))
print(usual, kept)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of GNU's C library")
def test_memory_that_is_asked_for_again_is_not_cleared_again_while_a_network_learns() -> None:
    told = subprocess.run([sys.executable, "-c", _COUNT], capture_output=True, text=True, check=True).stdout
    usual, kept = map(int, told.split())
    assert usual >= 16  # pages may be as large as two megabytes
    assert kept < usual / 4

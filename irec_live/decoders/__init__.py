"""Audio decoders: libsndfile, and FFmpeg for the rest, behind one interface.

Neither reads every file to its end of its own accord: `headers` finds lengths that are not true, `chains` files that
are several, and `extent` the MP3s of which libsndfile decodes only the beginning. `candidates` looks a file through and
says which ways there are to decode it.

All give float32 samples in order, and can jump to any of them. They know nothing of what samples are for; checks that
hold for every file are in `irec_live.media`.

Shapes: n samples, C channels.
"""

from __future__ import annotations

from irec_live.decoders.candidates import Candidate, candidates_of
from irec_live.decoders.contract import Decoder, NoSuchTrackError, NotDecodableError

__all__ = ["Candidate", "Decoder", "NoSuchTrackError", "NotDecodableError", "candidates_of"]

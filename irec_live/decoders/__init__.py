"""Audio decoders: libsndfile, and FFmpeg for the rest, behind one interface.

Neither reads every file to its end of its own accord: `wrong_header` finds lengths that are not true, `chain_of` files
that are several, and `goes_on_unannounced` the MP3s of which libsndfile decodes only the beginning.

Both give float32 frames in order, and can jump to any frame. They know nothing of what the samples are for; checks
that hold for every file are in `irec_live.media`.

Shapes: n frames, C channels.
"""

from __future__ import annotations

from irec_live.decoders.chains import Chain, chain_of
from irec_live.decoders.contract import Decoder, NoSuchTrackError, NotDecodableError
from irec_live.decoders.extent import end_of_ogg, goes_on_unannounced
from irec_live.decoders.ffmpeg import FFmpegDecoder
from irec_live.decoders.guarded_file import Part
from irec_live.decoders.handover import HandOverDecoder
from irec_live.decoders.headers import is_wave, wrong_header
from irec_live.decoders.joined import JoinedDecoder
from irec_live.decoders.sndfile import SoundFileDecoder

__all__ = [
    "Chain",
    "Decoder",
    "FFmpegDecoder",
    "HandOverDecoder",
    "JoinedDecoder",
    "NoSuchTrackError",
    "NotDecodableError",
    "Part",
    "SoundFileDecoder",
    "chain_of",
    "end_of_ogg",
    "goes_on_unannounced",
    "is_wave",
    "wrong_header",
]

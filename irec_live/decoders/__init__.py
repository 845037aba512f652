"""The two libraries that decode audio, behind one small interface: libsndfile first, FFmpeg for the rest.

Of some MP3 and Ogg files libsndfile decodes only the beginning; `goes_on_unannounced` tells which.

Both give float32 frames in order, and can jump to any frame. They know nothing of what the samples are for; checks
that hold for every file are in `irec_live.media`.

Shapes: n frames, C channels.
"""

from __future__ import annotations

from irec_live.decoders.contract import Decoder, NotDecodableError
from irec_live.decoders.extent import goes_on_unannounced
from irec_live.decoders.ffmpeg import FFmpegDecoder
from irec_live.decoders.sndfile import SoundFileDecoder

__all__ = ["Decoder", "FFmpegDecoder", "NotDecodableError", "SoundFileDecoder", "goes_on_unannounced"]

"""What the pointer is on, in words: time, instrument, likelihood, level, frequency. No widgets."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from irec_live.gui.lane_curves import ENVELOPE_RANGE_DB
from irec_live.gui.language import tr
from irec_live.gui.wording import SILENCE_DB, clock_text, decibel_text, display_name, number_text, percent_text
from irec_live.results import Event, Overview, Snapshot

_NEAR_S = 0.3
"""A row so far from the pointer's time says nothing about it; more in a summary, whose rows are further apart."""

_NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def frequency_text(hz: float) -> str:
    """A frequency and the nearest note of the scale tuned to A4 = 440 Hz.

    Examples
    --------
    >>> frequency_text(440.0), frequency_text(4186.0), frequency_text(27.5)
    ('440 Hz (A4)', '4.2 kHz (C8)', '28 Hz (A0)')
    """
    note = round(69 + 12 * math.log2(max(hz, 1.0) / 440.0))
    name = f"{_NOTES[note % 12]}{note // 12 - 1}"
    return f"{number_text(hz / 1000, 1)} kHz ({name})" if hz >= 1000 else f"{hz:.0f} Hz ({name})"


def event_text(event: Event) -> str:
    """An event's times and strength.

    Examples
    --------
    >>> event_text(Event("flute", 62.0, 65.5, 0.8)) == "1:02.0 to 1:05.5, 80\\u2009% at most"
    True
    """
    begin, most = clock_text(event.onset_s, tenths=True), percent_text(event.activation)
    if event.offset_s is None:
        return tr("{begin} to now, {share} at most", begin=begin, share=most)
    return tr("{begin} to {end}, {share} at most", begin=begin, end=clock_text(event.offset_s, tenths=True), share=most)


def lane_text(snapshot: Snapshot, label: str, time_s: float) -> str:
    """One instrument at one moment: its likelihood, its level, and the event that it belongs to."""
    words = [display_name(label), clock_text(time_s, tenths=True)]
    if label not in snapshot.labels:
        return " · ".join(words)
    lane = snapshot.labels.index(label)
    rows = snapshot.smoothed if snapshot.smoothed.shape == snapshot.activation.shape else snapshot.activation
    place = _nearest(snapshot.activation_times, time_s, snapshot.span_s)
    known = len(snapshot.thresholds) <= lane or not math.isnan(snapshot.thresholds[lane])
    if place is not None and known:
        words.append(tr("likely {share}", share=percent_text(float(rows[place, lane]))))
    place = _nearest(snapshot.envelope_times, time_s, snapshot.span_s)
    if place is not None:
        level_db = 20.0 * math.log10(max(float(snapshot.envelope[place, lane]), 1e-6))
        level = decibel_text(level_db if level_db > -ENVELOPE_RANGE_DB else SILENCE_DB)
        words.append(tr("level {level}", level=level))
    return "\n".join([" · ".join(words), *_event_lines(snapshot.events, label, time_s)])


def spectrum_text(snapshot: Snapshot, height: float, time_s: float, rows_hz: npt.NDArray[np.float64]) -> str:
    """The spectrogram at one moment and height, 0 at the bottom and 1 at the top: frequency and level.

    Parameters
    ----------
    snapshot : Snapshot
    height : float
    time_s : float
    rows_hz : (F,) float64
        Frequencies of the image's rows from the bottom up, Hz.
    """
    words = [clock_text(time_s, tenths=True)]
    rows = len(rows_hz)
    if rows and len(snapshot.spectrogram_hz):
        hz = float(rows_hz[min(rows - 1, max(0, int(height * rows)))])
        band = int(np.argmin(np.abs(snapshot.spectrogram_hz - hz)))
        words.append(frequency_text(float(snapshot.spectrogram_hz[band])))
        place = _nearest(snapshot.spectrogram_times, time_s, snapshot.span_s)
        if place is not None:
            words.append(decibel_text(float(snapshot.spectrogram[place, band])))
    return " · ".join(words)


def overview_text(overview: Overview, label: str | None, time_s: float) -> str:
    """One moment of the session, of one instrument if a row is pointed at: likelihood and event, or all events."""
    time = clock_text(time_s, tenths=True)
    if label is None:
        names = dict.fromkeys(display_name(event.label) for event in overview.events if _covers(event, time_s))
        return " · ".join([time, *_peak_words(overview, time_s), *([", ".join(names)] if names else [])])
    words = [display_name(label), time]
    if label in overview.labels and overview.duration_s > 0 and overview.strips.ndim == 2 and len(overview.strips):
        place = min(len(overview.strips) - 1, int(time_s / overview.duration_s * len(overview.strips)))
        value = float(overview.strips[place, overview.labels.index(label)])
        if not math.isnan(value):
            words.append(tr("likely {share}", share=percent_text(value)))
    return "\n".join([" · ".join(words), *_event_lines(overview.events, label, time_s)])


def _peak_words(overview: Overview, time_s: float) -> list[str]:
    """The highest peak of the sound around a moment."""
    if overview.duration_s <= 0 or not len(overview.peaks):
        return []
    place = min(len(overview.peaks) - 1, int(time_s / overview.duration_s * len(overview.peaks)))
    peak = float(np.abs(overview.peaks[place]).max())
    if math.isnan(peak):
        return []
    return [tr("peak {level}", level=decibel_text(20.0 * math.log10(max(peak, 1e-6))))]


def _event_lines(events: tuple[Event, ...], label: str, time_s: float) -> list[str]:
    found = [event for event in events if event.label == label and _covers(event, time_s)]
    return [tr("Event {times}", times=event_text(event)) for event in found[:1]]


def _covers(event: Event, time_s: float) -> bool:
    return event.onset_s <= time_s and (event.offset_s is None or time_s <= event.offset_s)


def _nearest(times: npt.NDArray[np.float64], time_s: float, span_s: float) -> int | None:
    """Index of the row nearest to a moment; None where none is near."""
    if not len(times):
        return None
    place = int(np.searchsorted(times, time_s))
    place = min((max(0, place - 1), min(place, len(times) - 1)), key=lambda index: abs(times[index] - time_s))
    near_s = max(_NEAR_S, span_s / 400)
    return place if abs(float(times[place]) - time_s) <= near_s else None

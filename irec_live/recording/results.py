"""What session.json and the rows amount to: circumstances, warnings, and the analysis of a finished session."""

from __future__ import annotations

from irec_live.assembly import Circumstances, assemble
from irec_live.files import write_atomically
from irec_live.recording.decisions import events_of
from irec_live.recording.folder import SessionFolder, SessionInfo
from irec_live.recording.result_log import read_curves, read_events
from irec_live.report import ModelUse


def circumstances_of(info: SessionInfo) -> Circumstances:
    """What the results of a session were found with."""
    unknown: dict[str, frozenset[str]] = {
        network.spec.kind: frozenset(info.labels).difference(network.spec.labels) for network in info.models
    }
    hops = {network.spec.kind: network.hop_s for network in info.models}
    frames = [network.spec for network in info.models if network.spec.kind == "envelope"]
    return Circumstances(
        models=tuple(
            ModelUse(network.spec.name, network.sha256, network.spec.sample_rate, network.spec.window_s, network.hop_s)
            for network in info.models
        ),
        labels=info.labels,
        activation_hop_s=hops.get("activation", 0.0),
        envelope_frame_s=frames[0].frame_hop / frames[0].sample_rate if frames else 0.0,
        thresholds=dict(info.thresholds),
        threshold_offset=info.threshold_offset,
        not_predicted=unknown,
    )


def write_results(folder: SessionFolder, info: SessionInfo) -> None:
    """Write the analysis of a finished session as ``irec.analysis/1``.

    Raises
    ------
    IrecError
        The rows are damaged, or the disk takes no more.
    """
    circumstances = circumstances_of(info)
    duration_s = (info.audio.samples or 0) / info.audio.sample_rate
    curves = read_curves(folder, len(info.labels))
    analysis = assemble(
        info.audio.files[0],
        duration_s,
        circumstances,
        curves.on_grids(circumstances, duration_s),
        events_of(info, curves, read_events(folder, info.labels), duration_s),
        warnings=warnings_of(info),
    )
    write_atomically(folder.results, analysis.json_parts())


def warnings_of(info: SessionInfo) -> tuple[str, ...]:
    """What to know about a session before relying on it, a sentence each."""
    lost_s: dict[str, float] = {}
    for gap in info.gaps:
        lost_s[gap.why] = lost_s.get(gap.why, 0.0) + gap.to_s - gap.from_s
    said = {
        "samples lost": "{:.1f} s of sound were lost by the device, the machine or its disk; they are silence",
        "device away": "the device was away for {:.1f} s; they are silence",
        "nothing detected": "{:.1f} s in which nothing was detected were not kept; they are silence",
    }
    return (*info.warnings, *(said[why].format(seconds) for why, seconds in lost_s.items()))

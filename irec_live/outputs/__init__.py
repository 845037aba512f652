"""Outputs: what is heard, as OSC messages and MIDI notes for lights and visuals, while it sounds.

::

    engine worker --take_step--> LiveOutput: the newest rows, and a bounded queue of labels that lit or went out
                                      |
                                 its own thread, at most 30 times a second --> OscReceiver or MidiReceiver

Off unless asked for; OSC goes to this machine unless another one is named. A receiver that is dead, slow or gone costs
nothing but its messages. Addresses and numbers are described in docs/osc-midi.md.
"""

from irec_live.outputs.live_output import LiveOutput, Receiver
from irec_live.outputs.midi_port import MidiReceiver, midi_ports, open_midi
from irec_live.outputs.osc import OscReceiver, open_osc

__all__ = ["LiveOutput", "MidiReceiver", "OscReceiver", "Receiver", "midi_ports", "open_midi", "open_osc"]

"""Analyse files and collect how long each instrument plays, as a table a file a row.

python examples/batch_to_pandas.py song.flac voice.wav
"""

import sys

import pandas as pd

import irec_live

rows = []
for path in sys.argv[1:]:
    analysis = irec_live.analyze(path)
    for event in analysis.events:
        rows.append(
            {
                "file": analysis.file,
                "label": event.label,
                "seconds": event.offset_s - event.onset_s,
                "activation": event.activation,
            }
        )

events = pd.DataFrame(rows, columns=["file", "label", "seconds", "activation"])
print(events.pivot_table(index="file", columns="label", values="seconds", aggfunc="sum").round(1).to_string())

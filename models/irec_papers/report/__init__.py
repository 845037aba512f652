"""One self-contained page about what models get right and wrong, from ``irec-train evaluate MODEL --report OUT``.

::

    MODEL... ─> subjects ─┐
    data ─> material ─────┴─> study (predictions for clips and mixtures, cached on disk)
                                └─> figures_*: sections of pictures, tables and sounds ─> page ─> OUT.html

Each ``figures_*`` file draws the figures of one paper or one question for every model they make sense for.
"""

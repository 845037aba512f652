"""The window: a Qt view over a `Session`, pulled thirty times a second and never pushed at.

::

    app            composition root: builds everything, opens the first source, saves the screenshot
    main_window    wiring only: which signal reaches which widget
    manager           holds the running session and swaps it, keeps the old one when a new one fails
    opener         makes a session of a wish, off the GUI thread        (no Qt)
    backend        what the manager calls: sessions, devices and models, imported only when first needed
    background     one daemon thread whose answers arrive on the GUI thread
    bridge         timer -> session.snapshot() -> signal; drops what it cannot draw
    lane_order     which lane stands where, without jumping about       (no Qt)
    lane_curves    arrays of a snapshot -> pixels                       (no Qt)
    wording        numbers -> words                                     (no Qt)
    everything else is one widget a file

Only the GUI thread touches widgets. Colours, sizes and type come from `theme`; nothing else names a colour.
"""

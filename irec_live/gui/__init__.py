"""The graphical user interface (Qt, PySide6): a view of a `Session`, which it polls thirty times a second.

::

    app              composition root: builds everything, opens the first source, saves the screenshot
    main_window      connects signals to widgets, and nothing else
    session_manager  holds the running session and replaces it; keeps the old one when a new one fails
    session_opener   opens the session of a plan, off the GUI thread      (no Qt)
    playlist         which of several files is next
    backend          what the manager calls: sessions, devices and models, imported only when first needed
    background       a worker thread whose results arrive on the GUI thread
    bridge           timer -> session.snapshot() -> signal; skips what it cannot draw in time
    timeline_control connects viewport, selection, keys, mouse, overview, event list
    viewport         which span is shown: follows now, or stays
    time_axis        seconds <-> pixels                                   (no Qt)
    event_table      events that can be sorted and searched, as a Qt model
    hover_text       what the pointer is on, in words                     (no Qt)
    lane_order       order of the lanes, with hysteresis                  (no Qt)
    lane_curves      arrays of a snapshot -> pixels                       (no Qt)
    lane_plots       the curves painted into a picture that scrolls
    window_size      sizes of the window and its parts
    diagnostics      versions and counters, as text                       (no Qt)
    language         sentences in the language of the window
    message_translation  text from the rest of the app, in it         (no Qt)
    wording          numbers -> words                                     (no Qt)
    everything else is one widget a file

Only the GUI thread touches widgets. Colours, sizes and fonts come from `theme`; no other module names a colour.

The window is painted before anything is opened, listed or loaded, and imports until then no more than that takes:
`tests/gui/test_gui_start.py` names what has to wait.
"""

<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name></name>
    <message numerus="yes">
        <source>%n events</source>
        <translation>
            <numerusform>%n Ereignis</numerusform>
            <numerusform>%n Ereignisse</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n failed: {reason}</source>
        <translation>
            <numerusform>%n fehlgeschlagen: {reason}</numerusform>
            <numerusform>%n fehlgeschlagen: {reason}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n files; playing {number}: {name}</source>
        <translation>
            <numerusform>%n Datei; es läuft {number}: {name}</numerusform>
            <numerusform>%n Dateien; es läuft {number}: {name}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n files; playing {number}: {name} (not opened: {skipped})</source>
        <translation>
            <numerusform>%n Datei; es läuft {number}: {name} (nicht geöffnet: {skipped})</numerusform>
            <numerusform>%n Dateien; es läuft {number}: {name} (nicht geöffnet: {skipped})</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n gone</source>
        <translation>
            <numerusform>%n verschwunden</numerusform>
            <numerusform>%n verschwunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hidden</source>
        <translation>
            <numerusform>%n verborgen</numerusform>
            <numerusform>%n verborgen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n instruments are hidden</source>
        <translation>
            <numerusform>%n Instrument ist verborgen</numerusform>
            <numerusform>%n Instrumente sind verborgen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n known</source>
        <translation>
            <numerusform>%n bekannt</numerusform>
            <numerusform>%n bekannt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n labels</source>
        <translation>
            <numerusform>%n Instrument</numerusform>
            <numerusform>%n Instrumente</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n recordings analysed</source>
        <translation>
            <numerusform>%n Aufnahme analysiert</numerusform>
            <numerusform>%n Aufnahmen analysiert</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n recordings. Double-click to play from there.</source>
        <translation>
            <numerusform>%n Aufnahme. Ein Doppelklick spielt sie ab dort.</numerusform>
            <numerusform>%n Aufnahmen. Ein Doppelklick spielt ab dort.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n seconds</source>
        <translation>
            <numerusform>%n Sekunde</numerusform>
            <numerusform>%n Sekunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n windows</source>
        <translation>
            <numerusform>%n Fenster</numerusform>
            <numerusform>%n Fenster</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;About irec-live</source>
        <translation>Über irec-li&amp;ve</translation>
    </message>
    <message>
        <source>&amp;Add an event at the playhead</source>
        <translation>Ereignis an der &amp;Abspielposition hinzufügen</translation>
    </message>
    <message>
        <source>&amp;Calibrate to this room (3 s)</source>
        <translation>Auf diesen &amp;Raum einmessen (3 s)</translation>
    </message>
    <message>
        <source>&amp;Correct events</source>
        <translation>Ereignisse &amp;korrigieren</translation>
    </message>
    <message>
        <source>&amp;Decisions</source>
        <translation>E&amp;ntscheidungen</translation>
    </message>
    <message>
        <source>&amp;Delete the event</source>
        <translation>Ereignis &amp;löschen</translation>
    </message>
    <message>
        <source>&amp;Earlier live sessions</source>
        <translation>&amp;Frühere Live-Sitzungen</translation>
    </message>
    <message>
        <source>&amp;Event list</source>
        <translation>&amp;Ereignisliste</translation>
    </message>
    <message>
        <source>&amp;Export the analysis</source>
        <translation>Analyse &amp;exportieren</translation>
    </message>
    <message>
        <source>&amp;Folder for recordings…</source>
        <translation>&amp;Ordner für Aufnahmen…</translation>
    </message>
    <message>
        <source>&amp;Follow the playhead</source>
        <translation>Der Abspielposition &amp;folgen</translation>
    </message>
    <message>
        <source>&amp;Follow: back to now</source>
        <translation>&amp;Folgen: wieder live</translation>
    </message>
    <message>
        <source>&amp;Full screen</source>
        <translation>&amp;Vollbild</translation>
    </message>
    <message>
        <source>&amp;Go back to what was heard</source>
        <translation>&amp;Zurück zum Gehörten</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>&amp;Hold the picture</source>
        <translation>Bild an&amp;halten</translation>
    </message>
    <message>
        <source>&amp;Instruments</source>
        <translation>&amp;Instrumente</translation>
    </message>
    <message>
        <source>&amp;Keep what was found in live sound</source>
        <translation>&amp;Behalten, was live erkannt wurde</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Sprache</translation>
    </message>
    <message>
        <source>&amp;MIDI notes…</source>
        <translation>&amp;MIDI-Noten…</translation>
    </message>
    <message>
        <source>&amp;Next file</source>
        <translation>&amp;Nächste Datei</translation>
    </message>
    <message>
        <source>&amp;OSC messages…</source>
        <translation>&amp;OSC-Nachrichten…</translation>
    </message>
    <message>
        <source>&amp;Play or pause</source>
        <translation>&amp;Wiedergabe oder Pause</translation>
    </message>
    <message>
        <source>&amp;Playback</source>
        <translation>&amp;Wiedergabe</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>&amp;Record</source>
        <comment>menu</comment>
        <translation>Au&amp;fnahme</translation>
    </message>
    <message>
        <source>&amp;Record</source>
        <translation>&amp;Aufnehmen</translation>
    </message>
    <message>
        <source>&amp;Reset the threshold</source>
        <translation>Sch&amp;welle zurücksetzen</translation>
    </message>
    <message>
        <source>&amp;Send</source>
        <translation>&amp;Senden</translation>
    </message>
    <message>
        <source>&amp;Smoothing, durations, presets…</source>
        <translation>&amp;Glättung, Dauern, Voreinstellungen…</translation>
    </message>
    <message>
        <source>&amp;Spectrum</source>
        <translation>S&amp;pektrum</translation>
    </message>
    <message>
        <source>&amp;Time span</source>
        <translation>&amp;Zeitspanne</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Rückgängig</translation>
    </message>
    <message>
        <source>&amp;Undo the calibration</source>
        <translation>Einmessen r&amp;ückgängig machen</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>&amp;Whole session</source>
        <translation>Ganze &amp;Sitzung</translation>
    </message>
    <message>
        <source>&apos;{folder}&apos; is a file; give a folder</source>
        <translation>„{folder}“ ist eine Datei; geben Sie einen Ordner an</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; has no ending that is known; choose one of the dialog&apos;s</source>
        <translation>„{name}“ hat keine bekannte Endung; wählen Sie eine aus dem Dialog</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; went away</source>
        <translation>„{name}“ ist weg</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; went away; looking for it every second</source>
        <translation>„{name}“ ist weg; es wird jede Sekunde gesucht</translation>
    </message>
    <message>
        <source>&apos;{text}&apos; is no address for OSC; give HOST:PORT, or a PORT of this machine, such as 9000</source>
        <translation>„{text}“ ist keine Adresse für OSC; geben Sie HOST:PORT an oder einen PORT dieses Rechners wie 9000</translation>
    </message>
    <message>
        <source>&lt;h3&gt;Find music by its instruments&lt;/h3&gt;&lt;p&gt;Your library is empty. Add a folder of recordings, or drop one here: they are analysed once, in the background, and stay where they are.&lt;/p&gt;</source>
        <translation>&lt;h3&gt;Musik nach ihren Instrumenten finden&lt;/h3&gt;&lt;p&gt;Ihre Bibliothek ist leer. Fügen Sie einen Ordner mit Aufnahmen hinzu oder ziehen Sie einen hierher: Sie werden einmal im Hintergrund analysiert und bleiben, wo sie sind.&lt;/p&gt;</translation>
    </message>
    <message>
        <source>A short note, or one below others that are louder, may be missed; a model hears about a second at a time.</source>
        <translation>Ein kurzer Ton oder einer unter lauteren wird vielleicht überhört; ein Modell hört etwa eine Sekunde auf einmal.</translation>
    </message>
    <message>
        <source>A threshold that is too low names what does not play; one that is too high misses what does.</source>
        <translation>Eine zu niedrige Schwelle zeigt Instrumente, die nicht spielen; eine zu hohe übersieht welche, die spielen.</translation>
    </message>
    <message>
        <source>About irec-live</source>
        <translation>Über irec-live</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Hinzufügen</translation>
    </message>
    <message numerus="yes">
        <source>Add %n folders and files to the library? What is new in them will be analysed.</source>
        <translation>
            <numerusform>%n Ordner oder Datei zur Bibliothek hinzufügen? Was darin neu ist, wird analysiert.</numerusform>
            <numerusform>%n Ordner und Dateien zur Bibliothek hinzufügen? Was darin neu ist, wird analysiert.</numerusform>
        </translation>
    </message>
    <message>
        <source>Add a folder to the library</source>
        <translation>Ordner zur Bibliothek hinzufügen</translation>
    </message>
    <message>
        <source>Add a folder…</source>
        <translation>Ordner hinzufügen…</translation>
    </message>
    <message>
        <source>Add {label}</source>
        <translation>{label} hinzufügen</translation>
    </message>
    <message>
        <source>Add “{name}” to the library? What is new in it will be analysed.</source>
        <translation>„{name}“ zur Bibliothek hinzufügen? Was darin neu ist, wird analysiert.</translation>
    </message>
    <message>
        <source>After {reference}</source>
        <translation>Nach {reference}</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alles</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>Alle Dateien</translation>
    </message>
    <message>
        <source>An instrument lights up from an activation of {threshold} on.</source>
        <translation>Ein Instrument leuchtet ab einer Wahrscheinlichkeit von {threshold} auf.</translation>
    </message>
    <message>
        <source>Analysing
{share}</source>
        <translation>Analyse
{share}</translation>
    </message>
    <message>
        <source>Analysis of the folder</source>
        <translation>Analyse des Ordners</translation>
    </message>
    <message>
        <source>Archive</source>
        <translation>Archiv</translation>
    </message>
    <message>
        <source>As I put them</source>
        <translation>Wie von mir geordnet</translation>
    </message>
    <message>
        <source>As the model was measured</source>
        <translation>So, wie das Modell gemessen wurde</translation>
    </message>
    <message>
        <source>Audacity labels</source>
        <translation>Audacity-Textmarken</translation>
    </message>
    <message>
        <source>Average delay from sound to label: device block, half a window and hop, pooling, inference and display</source>
        <translation>Mittlere Verzögerung vom Klang bis zur Anzeige: Block des Geräts, halbes Fenster und halber Schritt, Glättung, Rechenzeit und Bild</translation>
    </message>
    <message numerus="yes">
        <source>Back %n seconds</source>
        <translation>
            <numerusform>%n Sekunde zurück</numerusform>
            <numerusform>%n Sekunden zurück</numerusform>
        </translation>
    </message>
    <message>
        <source>Back to now</source>
        <translation>Wieder live</translation>
    </message>
    <message>
        <source>Back to the &amp;start</source>
        <translation>Zurück zum &amp;Anfang</translation>
    </message>
    <message>
        <source>Back to the playhead</source>
        <translation>Zurück zur Abspielposition</translation>
    </message>
    <message>
        <source>Backspace</source>
        <translation>Rücktaste</translation>
    </message>
    <message>
        <source>Bars below the waveform</source>
        <translation>Balken unter der Wellenform</translation>
    </message>
    <message>
        <source>Begin earlier</source>
        <translation>Früher beginnen</translation>
    </message>
    <message>
        <source>Begin later</source>
        <translation>Später beginnen</translation>
    </message>
    <message>
        <source>By family</source>
        <translation>Nach Familie</translation>
    </message>
    <message>
        <source>CSV table</source>
        <translation>CSV-Tabelle</translation>
    </message>
    <message>
        <source>CUDA was asked for but failed ({error}); running on the CPU</source>
        <translation>CUDA wurde verlangt, geht aber nicht ({error}); gerechnet wird auf der CPU</translation>
    </message>
    <message>
        <source>Calibrate to this room</source>
        <translation>Auf diesen Raum einmessen</translation>
    </message>
    <message>
        <source>Calibrated: the noise of this room ({level}) came near to lighting some instruments; raised {thresholds}</source>
        <translation>Eingemessen: Das Rauschen dieses Raums ({level}) ließ beinahe Instrumente aufleuchten; angehoben: {thresholds}</translation>
    </message>
    <message>
        <source>Calibrated: the noise of this room ({level}) came near to lighting some instruments; raised {thresholds}. That was loud: if somebody played, undo it and calibrate again</source>
        <translation>Eingemessen: Das Rauschen dieses Raums ({level}) ließ beinahe Instrumente aufleuchten; angehoben: {thresholds}. Das war laut: Falls jemand gespielt hat, machen Sie es rückgängig und messen Sie neu ein</translation>
    </message>
    <message>
        <source>Calibrated: the noise of this room ({level}) lights no instrument, so no threshold was raised</source>
        <translation>Eingemessen: Das Rauschen dieses Raums ({level}) lässt kein Instrument aufleuchten, also wurde keine Schwelle angehoben</translation>
    </message>
    <message>
        <source>Cannot be used</source>
        <translation>Nicht verwendbar</translation>
    </message>
    <message>
        <source>Ch {channels}</source>
        <translation>Kan. {channels}</translation>
    </message>
    <message>
        <source>Channel {number}</source>
        <translation>Kanal {number}</translation>
    </message>
    <message>
        <source>Channels</source>
        <translation>Kanäle</translation>
    </message>
    <message>
        <source>Channels and gain of a live input</source>
        <translation>Kanäle und Verstärkung eines Live-Eingangs</translation>
    </message>
    <message>
        <source>Channels {numbers}</source>
        <translation>Kanäle {numbers}</translation>
    </message>
    <message>
        <source>Choose a source</source>
        <translation>Quelle wählen</translation>
    </message>
    <message>
        <source>Choose a source, then play or sing something: the bar should move.</source>
        <translation>Wählen Sie eine Quelle und spielen oder singen Sie etwas: Der Balken sollte sich bewegen.</translation>
    </message>
    <message>
        <source>Cividis (for any colour vision)</source>
        <translation>Cividis (für jedes Farbsehen)</translation>
    </message>
    <message>
        <source>Clear the search</source>
        <translation>Suche leeren</translation>
    </message>
    <message>
        <source>Click a lane</source>
        <translation>Klick auf eine Spur</translation>
    </message>
    <message>
        <source>Click in the event list</source>
        <translation>Klick in die Ereignisliste</translation>
    </message>
    <message>
        <source>Click in the overview</source>
        <translation>Klick in die Übersicht</translation>
    </message>
    <message>
        <source>Click the level</source>
        <translation>Klick auf den Pegel</translation>
    </message>
    <message>
        <source>Click to look there · Shift-drag to select · drag the handle at the top to move the view</source>
        <translation>Klick: dorthin sehen · Umschalt und Ziehen: auswählen · Griff oben ziehen: Ausschnitt verschieben</translation>
    </message>
    <message>
        <source>Click to seek · Shift-drag to select · drag the handle at the top to move the view</source>
        <translation>Klick: dorthin springen · Umschalt und Ziehen: auswählen · Griff oben ziehen: Ausschnitt verschieben</translation>
    </message>
    <message>
        <source>Click: enlarge · drag: move · right click: more</source>
        <translation>Klick: vergrößern · Ziehen: verschieben · Rechtsklick: mehr</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Compact</source>
        <translation>Kompakt</translation>
    </message>
    <message>
        <source>Compare with another model</source>
        <translation>Mit einem anderen Modell vergleichen</translation>
    </message>
    <message>
        <source>Computer sound</source>
        <translation>Computer-Audio</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation>Diagnose kopieren</translation>
    </message>
    <message>
        <source>Correc&amp;t</source>
        <translation>Ko&amp;rrigieren</translation>
    </message>
    <message>
        <source>Correcting: drag an edge, drag on a lane to add, Delete removes, F2 renames, Ctrl+Up and Ctrl+Down go from event to event, Alt+Left and Alt+Right move the beginning, Alt+Down and Alt+Up the end, Insert adds one at the playhead, Ctrl+Z undoes. Corrected events are hatched.</source>
        <translation>Korrigieren: einen Rand ziehen; auf einer Spur ziehen fügt hinzu, Entf löscht, F2 benennt um, Strg+Hoch und Strg+Herunter gehen von Ereignis zu Ereignis, Alt+Links und Alt+Rechts verschieben den Anfang, Alt+Herunter und Alt+Hoch das Ende, Einfg fügt eines an der Abspielposition hinzu, Strg+Z macht rückgängig. Korrigierte Ereignisse sind schraffiert.</translation>
    </message>
    <message>
        <source>Ctrl+Up, Ctrl+Down</source>
        <translation>Strg+Hoch, Strg+Herunter</translation>
    </message>
    <message>
        <source>Custom</source>
        <translation>Eigene Werte</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Dashed line</source>
        <translation>Gestrichelte Linie</translation>
    </message>
    <message>
        <source>Dashed: {model}</source>
        <translation>Gestrichelt: {model}</translation>
    </message>
    <message>
        <source>Decisions – irec-live</source>
        <translation>Entscheidungen – irec-live</translation>
    </message>
    <message>
        <source>Default microphone</source>
        <translation>Standardmikrofon</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Delete this preset of yours</source>
        <translation>Diese eigene Voreinstellung löschen</translation>
    </message>
    <message>
        <source>Delete {label}</source>
        <translation>{label} löschen</translation>
    </message>
    <message>
        <source>Detected instruments</source>
        <translation>Erkannte Instrumente</translation>
    </message>
    <message>
        <source>Device lost, retrying</source>
        <translation>Gerät weg, neuer Versuch</translation>
    </message>
    <message>
        <source>Dismiss (Esc)</source>
        <translation>Ausblenden (Esc)</translation>
    </message>
    <message>
        <source>Dismiss message</source>
        <translation>Meldung ausblenden</translation>
    </message>
    <message>
        <source>Dismiss the message</source>
        <translation>Meldung ausblenden</translation>
    </message>
    <message>
        <source>Double-click in the overview</source>
        <translation>Doppelklick in die Übersicht</translation>
    </message>
    <message>
        <source>Double-click that line</source>
        <translation>Doppelklick auf diese Linie</translation>
    </message>
    <message>
        <source>Drag over lanes or spectrum</source>
        <translation>Ziehen über Spuren oder Spektrum</translation>
    </message>
    <message>
        <source>Drag the handle at the top of the overview, or its ends</source>
        <translation>Den Griff oben in der Übersicht ziehen oder seine Enden</translation>
    </message>
    <message>
        <source>Drag the name of a lane</source>
        <translation>Den Namen einer Spur ziehen</translation>
    </message>
    <message>
        <source>Drag the threshold line in a lane</source>
        <translation>Die Schwellenlinie in einer Spur ziehen</translation>
    </message>
    <message>
        <source>Drawing, SVG</source>
        <translation>Zeichnung, SVG</translation>
    </message>
    <message>
        <source>Drop a song anywhere on this window, or let it listen through the microphone.</source>
        <translation>Ziehen Sie ein Stück irgendwohin auf dieses Fenster, oder lassen Sie es durch das Mikrofon zuhören.</translation>
    </message>
    <message>
        <source>Drop files, a folder or a model</source>
        <translation>Dateien, einen Ordner oder ein Modell hierher ziehen</translation>
    </message>
    <message>
        <source>Earlier</source>
        <translation>Früher</translation>
    </message>
    <message>
        <source>End earlier</source>
        <translation>Früher enden</translation>
    </message>
    <message>
        <source>End later</source>
        <translation>Später enden</translation>
    </message>
    <message>
        <source>Ended</source>
        <translation>Zu Ende</translation>
    </message>
    <message>
        <source>English</source>
        <comment>the language&apos;s own name</comment>
        <translation>Deutsch</translation>
    </message>
    <message>
        <source>Enlarge</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Enlarge it, with its numbers</source>
        <translation>Sie vergrößern, mit ihren Zahlen</translation>
    </message>
    <message>
        <source>Enlarge the lane, with its numbers</source>
        <translation>Die Spur vergrößern, mit ihren Zahlen</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Enter</translation>
    </message>
    <message>
        <source>Event {times}</source>
        <translation>Ereignis {times}</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>Events are corrected in files and recordings: Ctrl+R records what is heard, Ctrl+Shift+R opens the recording.</source>
        <translation>Ereignisse werden in Dateien und Aufnahmen korrigiert: Strg+R nimmt auf, was zu hören ist, Strg+Umschalt+R öffnet die Aufnahme.</translation>
    </message>
    <message>
        <source>Everything is shown at {share} from the next start on</source>
        <translation>Ab dem nächsten Start wird alles mit {share} gezeigt</translation>
    </message>
    <message>
        <source>Examples</source>
        <translation>Beispiele</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>File: {path}</source>
        <translation>Datei: {path}</translation>
    </message>
    <message>
        <source>Filled area</source>
        <translation>Gefüllte Fläche</translation>
    </message>
    <message>
        <source>Find in the li&amp;brary…</source>
        <translation>In der Biblio&amp;thek suchen…</translation>
    </message>
    <message>
        <source>Fit the window</source>
        <translation>Dem Fenster anpassen</translation>
    </message>
    <message>
        <source>Folder for recordings</source>
        <translation>Ordner für Aufnahmen</translation>
    </message>
    <message>
        <source>Folder for the clips</source>
        <translation>Ordner für die Ausschnitte</translation>
    </message>
    <message>
        <source>Follow</source>
        <translation>Folgen</translation>
    </message>
    <message>
        <source>Follow again: back to now</source>
        <translation>Wieder folgen: live</translation>
    </message>
    <message numerus="yes">
        <source>Forward %n seconds</source>
        <translation>
            <numerusform>%n Sekunde vor</numerusform>
            <numerusform>%n Sekunden vor</numerusform>
        </translation>
    </message>
    <message>
        <source>Frame over the waveform</source>
        <translation>Rahmen über der Wellenform</translation>
    </message>
    <message>
        <source>Frequencies</source>
        <translation>Frequenzen</translation>
    </message>
    <message>
        <source>Gain</source>
        <translation>Verstärkung</translation>
    </message>
    <message>
        <source>Gain in decibels</source>
        <translation>Verstärkung in Dezibel</translation>
    </message>
    <message>
        <source>Gaps up to</source>
        <translation>Lücken bis</translation>
    </message>
    <message>
        <source>Give every instrument the model&apos;s own threshold again</source>
        <translation>Jedem Instrument wieder die Schwelle des Modells geben</translation>
    </message>
    <message>
        <source>Go there; on the head of a column, sort</source>
        <translation>Dorthin gehen; auf den Kopf einer Spalte: sortieren</translation>
    </message>
    <message>
        <source>Good: sound arrives</source>
        <translation>Gut: Es kommt Ton an</translation>
    </message>
    <message>
        <source>Grey</source>
        <translation>Grau</translation>
    </message>
    <message>
        <source>Hardware that the models run on</source>
        <translation>Hardware, auf der die Modelle laufen</translation>
    </message>
    <message>
        <source>Hatching</source>
        <translation>Schraffur</translation>
    </message>
    <message>
        <source>Height</source>
        <translation>Höhe</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>Help – irec-live</source>
        <translation>Hilfe – irec-live</translation>
    </message>
    <message>
        <source>Hidden</source>
        <translation>Verborgen</translation>
    </message>
    <message>
        <source>Hide</source>
        <translation>Verbergen</translation>
    </message>
    <message>
        <source>High contrast</source>
        <translation>Hoher Kontrast</translation>
    </message>
    <message>
        <source>Hold the picture; sound and analysis go on</source>
        <translation>Bild anhalten; Ton und Analyse laufen weiter</translation>
    </message>
    <message>
        <source>How loud each one is</source>
        <translation>Wie laut jedes ist</translation>
    </message>
    <message>
        <source>How much of the recording is completed</source>
        <translation>Wie viel der Aufnahme vervollständigt ist</translation>
    </message>
    <message>
        <source>How sure the network must be before an instrument lights up: left = sooner, right = stricter.
Double-click for the model&apos;s own thresholds.</source>
        <translation>Wie sicher das Netz sein muss, bevor ein Instrument aufleuchtet: links = eher, rechts = strenger.
Doppelklick: die Schwellen des Modells.</translation>
    </message>
    <message>
        <source>In all</source>
        <translation>Insgesamt</translation>
    </message>
    <message>
        <source>In the lanes: another one</source>
        <translation>In den Spuren: eine andere</translation>
    </message>
    <message>
        <source>In the overview: scroll</source>
        <translation>In der Übersicht: blättern</translation>
    </message>
    <message>
        <source>Inference</source>
        <translation>Rechenzeit</translation>
    </message>
    <message>
        <source>Inference time of one step, all models together: median (and 99th percentile)</source>
        <translation>Rechenzeit eines Schritts, alle Modelle zusammen: Median (und 99. Perzentil)</translation>
    </message>
    <message>
        <source>Inference {median} ({most}) ms</source>
        <translation>Rechenzeit {median} ({most}) ms</translation>
    </message>
    <message>
        <source>Input level</source>
        <translation>Eingangspegel</translation>
    </message>
    <message>
        <source>Input level in dB below full scale: bar = RMS, mark = peak of the last moments</source>
        <translation>Eingangspegel in dB unter Vollaussteuerung: Balken = Effektivwert, Strich = Spitze der letzten Momente</translation>
    </message>
    <message>
        <source>Ins, Del</source>
        <translation>Einfg, Entf</translation>
    </message>
    <message>
        <source>Instrument</source>
        <translation>Instrument</translation>
    </message>
    <message>
        <source>Instrument lanes</source>
        <translation>Instrumentenspuren</translation>
    </message>
    <message>
        <source>Instruments of one family (violin and cello, saxophone and clarinet) are mistaken for each other most often.</source>
        <translation>Instrumente einer Familie (Geige und Cello, Saxofon und Klarinette) werden am häufigsten verwechselt.</translation>
    </message>
    <message>
        <source>Instruments over time</source>
        <translation>Instrumente im Zeitverlauf</translation>
    </message>
    <message>
        <source>Its colours, levels and frequencies</source>
        <translation>Seine Farben, Pegel und Frequenzen</translation>
    </message>
    <message>
        <source>JAMS annotation</source>
        <translation>JAMS-Annotation</translation>
    </message>
    <message>
        <source>JSON analysis</source>
        <translation>JSON-Analyse</translation>
    </message>
    <message>
        <source>Keyboard</source>
        <translation>Tastatur</translation>
    </message>
    <message>
        <source>Large</source>
        <translation>Groß</translation>
    </message>
    <message>
        <source>Latency</source>
        <translation>Latenz</translation>
    </message>
    <message>
        <source>Latency {delay} ms</source>
        <translation>Latenz {delay} ms</translation>
    </message>
    <message>
        <source>Later</source>
        <translation>Später</translation>
    </message>
    <message>
        <source>Left out</source>
        <translation>Nicht verwendbar</translation>
    </message>
    <message>
        <source>Legend: likelihood as a line, loudness as an area, threshold as a level</source>
        <translation>Legende: Wahrscheinlichkeit als Linie, Lautstärke als Fläche, Schwelle als Höhe</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Dauer</translation>
    </message>
    <message>
        <source>Length of the session</source>
        <translation>Dauer der Sitzung</translation>
    </message>
    <message>
        <source>Levels</source>
        <translation>Pegel</translation>
    </message>
    <message>
        <source>Library – irec-live</source>
        <translation>Bibliothek – irec-live</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <source>Licence: {licence}</source>
        <translation>Lizenz: {licence}</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Like the desktop</source>
        <translation>Wie der Desktop</translation>
    </message>
    <message>
        <source>Like the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Like the theme</source>
        <translation>Wie das Farbschema</translation>
    </message>
    <message>
        <source>Likelihood is not loudness: a quiet instrument may be certain, and a loud one doubtful.</source>
        <translation>Wahrscheinlichkeit ist nicht Lautstärke: Ein leises Instrument kann gewiss sein und ein lautes zweifelhaft.</translation>
    </message>
    <message>
        <source>Line</source>
        <translation>Linie</translation>
    </message>
    <message>
        <source>Listen to the micr&amp;ophone</source>
        <translation>Dem Mi&amp;krofon zuhören</translation>
    </message>
    <message>
        <source>Listen to this &amp;computer</source>
        <translation>Diesem &amp;Computer zuhören</translation>
    </message>
    <message>
        <source>Listen to {name}</source>
        <translation>{name} anhören</translation>
    </message>
    <message numerus="yes">
        <source>Listen to {name} and %n more</source>
        <translation>
            <numerusform>{name} und %n weitere Datei anhören</numerusform>
            <numerusform>{name} und %n weitere Dateien anhören</numerusform>
        </translation>
    </message>
    <message>
        <source>Listening</source>
        <translation>Hört zu</translation>
    </message>
    <message>
        <source>Listening to the noise of this room for 3 s: nobody should play</source>
        <translation>Hört 3 s lang auf das Rauschen dieses Raums: bitte jetzt nicht spielen</translation>
    </message>
    <message>
        <source>Listening…</source>
        <translation>Hört zu…</translation>
    </message>
    <message>
        <source>Listens to the noise for 3 s, while nobody plays, and raises the thresholds it reaches</source>
        <translation>Hört 3 s lang auf das Rauschen, während niemand spielt, und hebt die Schwellen an, die es erreicht</translation>
    </message>
    <message>
        <source>Live</source>
        <translation>Live</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>Last</translation>
    </message>
    <message>
        <source>Load a &amp;model…</source>
        <translation>&amp;Modell laden…</translation>
    </message>
    <message>
        <source>Load a model</source>
        <translation>Modell laden</translation>
    </message>
    <message>
        <source>Load a model file…</source>
        <translation>Modelldatei laden…</translation>
    </message>
    <message>
        <source>Load {share}</source>
        <translation>Last {share}</translation>
    </message>
    <message>
        <source>Logarithmic (octaves alike)</source>
        <translation>Logarithmisch (Oktaven gleich groß)</translation>
    </message>
    <message>
        <source>Longest gap that is bridged</source>
        <translation>Längste Lücke, die überbrückt wird</translation>
    </message>
    <message>
        <source>Looking through the folder…</source>
        <translation>Der Ordner wird durchgesehen…</translation>
    </message>
    <message>
        <source>Loop from here</source>
        <translation>Schleife ab hier</translation>
    </message>
    <message>
        <source>Loop up to here</source>
        <translation>Schleife bis hier</translation>
    </message>
    <message>
        <source>Loud sounds: −66 to −12 dB</source>
        <translation>Laute Klänge: −66 bis −12 dB</translation>
    </message>
    <message>
        <source>MIDI file</source>
        <translation>MIDI-Datei</translation>
    </message>
    <message>
        <source>MIDI is not available on this machine: {error}</source>
        <translation>MIDI gibt es auf diesem Rechner nicht: {error}</translation>
    </message>
    <message>
        <source>MIDI output; &apos;virtual&apos; makes one that other programs connect to</source>
        <translation>MIDI-Ausgang; „virtual“ legt einen an, mit dem sich andere Programme verbinden</translation>
    </message>
    <message>
        <source>Made for this app</source>
        <translation>Für diese App gemacht</translation>
    </message>
    <message>
        <source>Magma</source>
        <translation>Magma</translation>
    </message>
    <message>
        <source>Mel (as we hear it)</source>
        <translation>Mel (wie wir hören)</translation>
    </message>
    <message>
        <source>Menu</source>
        <translation>Menü</translation>
    </message>
    <message>
        <source>Microphone</source>
        <translation>Mikrofon</translation>
    </message>
    <message>
        <source>Mix of all channels</source>
        <translation>Mischung aller Kanäle</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Models (*.onnx)</source>
        <translation>Modelle (*.onnx)</translation>
    </message>
    <message>
        <source>Mouse</source>
        <translation>Maus</translation>
    </message>
    <message>
        <source>Move down</source>
        <translation>Nach unten</translation>
    </message>
    <message>
        <source>Move it</source>
        <translation>Sie verschieben</translation>
    </message>
    <message>
        <source>Move or change what the lanes show</source>
        <translation>Verschieben oder ändern, was die Spuren zeigen</translation>
    </message>
    <message>
        <source>Move the lane</source>
        <translation>Die Spur verschieben</translation>
    </message>
    <message>
        <source>Move the threshold of this instrument alone</source>
        <translation>Nur die Schwelle dieses Instruments verschieben</translation>
    </message>
    <message>
        <source>Move through the session</source>
        <translation>Durch die Sitzung gehen</translation>
    </message>
    <message>
        <source>Move up</source>
        <translation>Nach oben</translation>
    </message>
    <message>
        <source>Move {label}</source>
        <translation>{label} verschieben</translation>
    </message>
    <message>
        <source>Name of a preset of your own</source>
        <translation>Name einer eigenen Voreinstellung</translation>
    </message>
    <message>
        <source>Networks in use; drop an .onnx file on the window to load another</source>
        <translation>Verwendete Netze; eine .onnx-Datei auf das Fenster ziehen lädt ein anderes</translation>
    </message>
    <message>
        <source>Next control; lanes and overview can be reached, too</source>
        <translation>Nächstes Bedienelement; auch Spuren und Übersicht sind erreichbar</translation>
    </message>
    <message>
        <source>Next event</source>
        <translation>Nächstes Ereignis</translation>
    </message>
    <message>
        <source>No</source>
        <translation>Nein</translation>
    </message>
    <message>
        <source>No events</source>
        <translation>Keine Ereignisse</translation>
    </message>
    <message>
        <source>No events so far</source>
        <translation>Noch keine Ereignisse</translation>
    </message>
    <message>
        <source>No gain</source>
        <translation>Keine Verstärkung</translation>
    </message>
    <message>
        <source>No recording is like that.</source>
        <translation>Keine Aufnahme passt dazu.</translation>
    </message>
    <message>
        <source>None</source>
        <comment>seconds</comment>
        <translation>Keine</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Keines</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>Normal</translation>
    </message>
    <message>
        <source>Not analysed yet: {share}</source>
        <translation>Noch nicht analysiert: {share}</translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>Jetzt nicht</translation>
    </message>
    <message>
        <source>Nothing arrives, not even noise: look for a muted input in the system&apos;s mixer, or choose another</source>
        <translation>Nichts kommt an, nicht einmal Rauschen: Sehen Sie im Mischer des Systems nach einem stummen Eingang, oder wählen Sie eine andere Quelle</translation>
    </message>
    <message>
        <source>Nothing is selected: mark a span with Shift and the mouse, or all that is shown: Ctrl+A.</source>
        <translation>Nichts ist ausgewählt: Markieren Sie eine Spanne mit Umschalt und der Maus, oder alles Gezeigte mit Strg+A.</translation>
    </message>
    <message>
        <source>Nothing to listen to yet</source>
        <translation>Noch nichts zu hören</translation>
    </message>
    <message>
        <source>Number of times that the device or the buffer lost samples</source>
        <translation>Wie oft Gerät oder Puffer Abtastwerte verloren haben</translation>
    </message>
    <message>
        <source>Number of windows skipped because inference was late</source>
        <translation>Wie viele Fenster ausfielen, weil die Rechnung zu spät kam</translation>
    </message>
    <message>
        <source>Of several models, {model} is used; not loaded: {left}</source>
        <translation>Von mehreren Modellen wird {model} verwendet; nicht geladen: {left}</translation>
    </message>
    <message>
        <source>On test recordings, {precision} of the instruments named were right, and {recall} of those that played were named.</source>
        <translation>Auf Testaufnahmen waren {precision} der genannten Instrumente richtig, und {recall} derer, die spielten, wurden erkannt.</translation>
    </message>
    <message>
        <source>One folder is added after another; wait for the first.</source>
        <translation>Ordner werden nacheinander hinzugefügt; warten Sie auf den ersten.</translation>
    </message>
    <message>
        <source>Only instruments that the model knows can be named. Another one is given the name of the most similar.</source>
        <translation>Nur Instrumente, die das Modell kennt, können genannt werden. Ein anderes erhält den Namen des ähnlichsten.</translation>
    </message>
    <message>
        <source>Only when something is &amp;detected</source>
        <translation>Nur, wenn etwas &amp;erkannt wird</translation>
    </message>
    <message>
        <source>Open a &amp;file…</source>
        <translation>&amp;Datei öffnen…</translation>
    </message>
    <message>
        <source>Open a &amp;session…</source>
        <translation>&amp;Sitzung öffnen…</translation>
    </message>
    <message>
        <source>Open a file instead…</source>
        <translation>Stattdessen eine Datei öffnen…</translation>
    </message>
    <message>
        <source>Open a file…</source>
        <translation>Datei öffnen…</translation>
    </message>
    <message>
        <source>Open a session</source>
        <translation>Sitzung öffnen</translation>
    </message>
    <message>
        <source>Open files</source>
        <translation>Dateien öffnen</translation>
    </message>
    <message>
        <source>Open the &amp;last recording</source>
        <translation>&amp;Letzte Aufnahme öffnen</translation>
    </message>
    <message>
        <source>Open the menu</source>
        <translation>Das Menü öffnen</translation>
    </message>
    <message>
        <source>Open the session {name}</source>
        <translation>Sitzung {name} öffnen</translation>
    </message>
    <message numerus="yes">
        <source>Open the session {name} and %n more</source>
        <translation>
            <numerusform>Sitzung {name} und %n weitere öffnen</numerusform>
            <numerusform>Sitzung {name} und %n weitere öffnen</numerusform>
        </translation>
    </message>
    <message>
        <source>Opening it…</source>
        <translation>Wird geöffnet…</translation>
    </message>
    <message>
        <source>Opening {source}…</source>
        <translation>{source} wird geöffnet…</translation>
    </message>
    <message>
        <source>Order</source>
        <translation>Reihenfolge</translation>
    </message>
    <message>
        <source>Overflows</source>
        <translation>Überläufe</translation>
    </message>
    <message>
        <source>Overflows {count}</source>
        <translation>Überläufe {count}</translation>
    </message>
    <message>
        <source>Overview of the file</source>
        <translation>Übersicht der Datei</translation>
    </message>
    <message>
        <source>Overview of the session</source>
        <translation>Übersicht der Sitzung</translation>
    </message>
    <message>
        <source>Own thresholds</source>
        <translation>Eigene Schwellen</translation>
    </message>
    <message>
        <source>P&amp;revious file</source>
        <translation>V&amp;orige Datei</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Paused, {time} behind</source>
        <translation>Angehalten, {time} zurück</translation>
    </message>
    <message>
        <source>Picture, PNG</source>
        <translation>Bild, PNG</translation>
    </message>
    <message>
        <source>Pin or hide it; order and height of all</source>
        <translation>Sie anheften oder verbergen; Reihenfolge und Höhe aller</translation>
    </message>
    <message>
        <source>Pin the lane to the top; hide it</source>
        <translation>Die Spur oben anheften; sie verbergen</translation>
    </message>
    <message>
        <source>Pin to the top</source>
        <translation>Oben anheften</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Wiedergabe</translation>
    </message>
    <message>
        <source>Play or sing something</source>
        <translation>Spielen oder singen Sie etwas</translation>
    </message>
    <message>
        <source>Play them, or use the model</source>
        <translation>Sie abspielen oder das Modell verwenden</translation>
    </message>
    <message>
        <source>Playback position</source>
        <translation>Abspielposition</translation>
    </message>
    <message>
        <source>Playing</source>
        <translation>Wiedergabe</translation>
    </message>
    <message>
        <source>Point at lanes, spectrum or overview</source>
        <translation>Auf Spuren, Spektrum oder Übersicht zeigen</translation>
    </message>
    <message>
        <source>Port of this machine, or HOST:PORT of another one</source>
        <translation>Port dieses Rechners, oder HOST:PORT eines anderen</translation>
    </message>
    <message>
        <source>PortAudio cannot start: {error}</source>
        <translation>PortAudio startet nicht: {error}</translation>
    </message>
    <message>
        <source>Practice</source>
        <translation>Üben</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Voreinstellung</translation>
    </message>
    <message>
        <source>Previous event</source>
        <translation>Voriges Ereignis</translation>
    </message>
    <message>
        <source>Progress of the calibration</source>
        <translation>Fortschritt des Einmessens</translation>
    </message>
    <message>
        <source>Provider</source>
        <translation>Recheneinheit</translation>
    </message>
    <message>
        <source>Published systems, for comparison</source>
        <translation>Veröffentlichte Systeme, zum Vergleich</translation>
    </message>
    <message>
        <source>Put it back where the model has it</source>
        <translation>Sie dorthin zurücksetzen, wo das Modell sie hat</translation>
    </message>
    <message>
        <source>Put that back where the model has it</source>
        <translation>Sie dorthin zurücksetzen, wo das Modell sie hat</translation>
    </message>
    <message>
        <source>Quick: labels light soon, and gaps between phrases are bridged</source>
        <translation>Schnell: Instrumente leuchten bald auf, und Lücken zwischen Phrasen werden überbrückt</translation>
    </message>
    <message>
        <source>Quiet sounds: −100 to −40 dB</source>
        <translation>Leise Klänge: −100 bis −40 dB</translation>
    </message>
    <message>
        <source>R&amp;edo</source>
        <translation>&amp;Wiederholen</translation>
    </message>
    <message>
        <source>Re&amp;name the event…</source>
        <translation>Ereignis &amp;umbenennen…</translation>
    </message>
    <message>
        <source>Read time, instrument, likelihood, level, frequency</source>
        <translation>Zeit, Instrument, Wahrscheinlichkeit, Pegel, Frequenz ablesen</translation>
    </message>
    <message>
        <source>Record</source>
        <translation>Aufnehmen</translation>
    </message>
    <message>
        <source>Record this input (Ctrl+R)</source>
        <translation>Diesen Eingang aufnehmen (Strg+R)</translation>
    </message>
    <message>
        <source>Recorded {length} in {folder}. {key} opens it.</source>
        <translation>{length} in {folder} aufgenommen. {key} öffnet die Aufnahme.</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <source>Recording, {clock}; press to stop</source>
        <translation>Aufnahme läuft, {clock}; Drücken beendet sie</translation>
    </message>
    <message>
        <source>Recordings found</source>
        <translation>Gefundene Aufnahmen</translation>
    </message>
    <message>
        <source>Recordings go to {folder} from now on.</source>
        <translation>Aufnahmen kommen von nun an nach {folder}.</translation>
    </message>
    <message>
        <source>Rename {label}</source>
        <translation>{label} umbenennen</translation>
    </message>
    <message>
        <source>Repeat a &amp;loop</source>
        <translation>S&amp;chleife wiederholen</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>Zurücksetzen</translation>
    </message>
    <message>
        <source>Reset the thresholds of single &amp;instruments</source>
        <translation>Schwellen einzelner &amp;Instrumente zurücksetzen</translation>
    </message>
    <message>
        <source>Reverberation, noise, strong effects and phone microphones differ from what models were trained on.</source>
        <translation>Nachhall, Rauschen, starke Effekte und Telefonmikrofone weichen von dem ab, womit Modelle trainiert wurden.</translation>
    </message>
    <message>
        <source>Right-click a lane</source>
        <translation>Rechtsklick auf eine Spur</translation>
    </message>
    <message>
        <source>Right-click the spectrum</source>
        <translation>Rechtsklick auf das Spektrum</translation>
    </message>
    <message>
        <source>Room</source>
        <translation>Raum</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Save a pict&amp;ure of the view…</source>
        <translation>B&amp;ild der Ansicht speichern…</translation>
    </message>
    <message>
        <source>Save a picture of the view</source>
        <translation>Bild der Ansicht speichern</translation>
    </message>
    <message>
        <source>Save as</source>
        <translation>Speichern als</translation>
    </message>
    <message>
        <source>Save as {kind}</source>
        <translation>Speichern als {kind}</translation>
    </message>
    <message>
        <source>Save clips for &amp;training…</source>
        <translation>Ausschnitte zum &amp;Trainieren speichern…</translation>
    </message>
    <message>
        <source>Save the se&amp;lection…</source>
        <translation>Auswah&amp;l speichern…</translation>
    </message>
    <message>
        <source>Save the selection</source>
        <translation>Auswahl speichern</translation>
    </message>
    <message numerus="yes">
        <source>Saved %n clips and their manifest in {folder}.</source>
        <translation>
            <numerusform>%n Ausschnitt und sein Verzeichnis in {folder} gespeichert.</numerusform>
            <numerusform>%n Ausschnitte und ihr Verzeichnis in {folder} gespeichert.</numerusform>
        </translation>
    </message>
    <message>
        <source>Saved {length} as {name} in {folder}.</source>
        <translation>{length} als {name} in {folder} gespeichert.</translation>
    </message>
    <message>
        <source>Saved {name} in {folder}.</source>
        <translation>{name} in {folder} gespeichert.</translation>
    </message>
    <message>
        <source>Saved {name} in {folder}. Its events were found with the thresholds moved by {offset}.</source>
        <translation>{name} in {folder} gespeichert. Die Ereignisse wurden mit um {offset} verschobenen Schwellen gefunden.</translation>
    </message>
    <message>
        <source>Saving the recording</source>
        <translation>Die Aufnahme wird gespeichert</translation>
    </message>
    <message>
        <source>Saving…</source>
        <translation>Speichert…</translation>
    </message>
    <message>
        <source>Search the events</source>
        <translation>Ereignisse durchsuchen</translation>
    </message>
    <message>
        <source>Search the library</source>
        <translation>Bibliothek durchsuchen</translation>
    </message>
    <message>
        <source>Search: violin, or 10:2</source>
        <translation>Suche: Geige oder 10:2</translation>
    </message>
    <message>
        <source>Seek in a file; look there in a live session</source>
        <translation>In einer Datei dorthin springen; in einer Live-Sitzung dorthin sehen</translation>
    </message>
    <message>
        <source>Select &amp;nothing</source>
        <translation>&amp;Nichts auswählen</translation>
    </message>
    <message>
        <source>Select a span; a file repeats it</source>
        <translation>Eine Spanne auswählen; eine Datei wiederholt sie</translation>
    </message>
    <message>
        <source>Select nothing, repeat nothing</source>
        <translation>Nichts auswählen, nichts wiederholen</translation>
    </message>
    <message>
        <source>Select what is &amp;shown</source>
        <translation>&amp;Gezeigtes auswählen</translation>
    </message>
    <message>
        <source>Send MIDI notes</source>
        <translation>MIDI-Noten senden</translation>
    </message>
    <message>
        <source>Send OSC messages</source>
        <translation>OSC-Nachrichten senden</translation>
    </message>
    <message>
        <source>Sending {receiver}.</source>
        <translation>Gesendet wird {receiver}.</translation>
    </message>
    <message>
        <source>Settings are forgotten when this window is closed: {file} cannot be written.</source>
        <translation>Die Einstellungen werden beim Schließen dieses Fensters vergessen: {file} kann nicht geschrieben werden.</translation>
    </message>
    <message>
        <source>Share of real time that the analysis takes; near 100 % it can hardly keep up</source>
        <translation>Anteil der Echtzeit, den die Analyse braucht; nahe 100 % kommt sie kaum noch mit</translation>
    </message>
    <message>
        <source>Shift+Up, Shift+Down</source>
        <translation>Umschalt+Hoch, Umschalt+Herunter</translation>
    </message>
    <message>
        <source>Shift-drag</source>
        <translation>Umschalt und Ziehen</translation>
    </message>
    <message>
        <source>Shortest</source>
        <translation>Mindestdauer</translation>
    </message>
    <message>
        <source>Shortest time above the threshold</source>
        <translation>Kürzeste Zeit über der Schwelle</translation>
    </message>
    <message>
        <source>Show all instruments</source>
        <translation>Alle Instrumente zeigen</translation>
    </message>
    <message>
        <source>Show instruments that are hidden</source>
        <translation>Verborgene Instrumente zeigen</translation>
    </message>
    <message>
        <source>Show {label}</source>
        <translation>{label} zeigen</translation>
    </message>
    <message>
        <source>Si&amp;ze of everything</source>
        <translation>&amp;Größe von allem</translation>
    </message>
    <message>
        <source>Silence</source>
        <translation>Stille</translation>
    </message>
    <message>
        <source>Skipped {count}</source>
        <translation>Ausfälle {count}</translation>
    </message>
    <message>
        <source>Smaller again</source>
        <translation>Wieder kleiner</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>Glättung</translation>
    </message>
    <message>
        <source>Sound and video</source>
        <translation>Audio und Video</translation>
    </message>
    <message>
        <source>Sound source</source>
        <translation>Audioquelle</translation>
    </message>
    <message>
        <source>Sound sources</source>
        <translation>Audioquellen</translation>
    </message>
    <message>
        <source>Sound, FLAC</source>
        <translation>Audio, FLAC</translation>
    </message>
    <message>
        <source>Sound, WAV</source>
        <translation>Audio, WAV</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <source>Space</source>
        <comment>a key</comment>
        <translation>Leertaste</translation>
    </message>
    <message>
        <source>Spectrogram</source>
        <translation>Spektrogramm</translation>
    </message>
    <message>
        <source>Spectrogram: loudness of low to high tones · right click: colours, levels, frequencies</source>
        <translation>Spektrogramm: Lautstärke tiefer bis hoher Töne · Rechtsklick: Farben, Pegel, Frequenzen</translation>
    </message>
    <message>
        <source>Spectrum</source>
        <translation>Spektrum</translation>
    </message>
    <message>
        <source>Stage</source>
        <translation>Bühne</translation>
    </message>
    <message>
        <source>Start listening</source>
        <translation>Zuhören beginnen</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Startet</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Startet…</translation>
    </message>
    <message>
        <source>Steady: slower, with fewer short events that are wrong</source>
        <translation>Ruhig: langsamer, mit weniger kurzen Ereignissen, die falsch sind</translation>
    </message>
    <message>
        <source>Still searching. If another program is adding to the library, this waits for it.</source>
        <translation>Es wird noch gesucht. Wenn gerade ein anderes Programm etwas zur Bibliothek hinzufügt, wird darauf gewartet.</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Stop recording (Ctrl+R)</source>
        <translation>Aufnahme beenden (Strg+R)</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Beendet</translation>
    </message>
    <message>
        <source>Stopped; add the folder again to go on. {done}.</source>
        <translation>Abgebrochen; fügen Sie den Ordner noch einmal hinzu, um fortzufahren. {done}.</translation>
    </message>
    <message>
        <source>Strength</source>
        <translation>Stärke</translation>
    </message>
    <message>
        <source>Strongest first</source>
        <translation>Stärkste zuerst</translation>
    </message>
    <message>
        <source>Switch between &amp;dark and light</source>
        <translation>Zwischen &amp;dunkel und hell wechseln</translation>
    </message>
    <message>
        <source>Switch between dark and light</source>
        <translation>Zwischen dunkel und hell wechseln</translation>
    </message>
    <message>
        <source>System</source>
        <translation>System</translation>
    </message>
    <message>
        <source>Tab</source>
        <translation>Tab</translation>
    </message>
    <message>
        <source>Tells how loud each one is</source>
        <translation>Sagt, wie laut jedes ist</translation>
    </message>
    <message>
        <source>Tells which instruments play</source>
        <translation>Sagt, welche Instrumente spielen</translation>
    </message>
    <message>
        <source>The calibration is undone</source>
        <translation>Das Einmessen ist rückgängig gemacht</translation>
    </message>
    <message>
        <source>The end</source>
        <translation>Ende</translation>
    </message>
    <message>
        <source>The file is still being analysed; export it when the progress bar is gone.</source>
        <translation>Die Datei wird noch analysiert; exportieren Sie sie, wenn der Fortschrittsbalken weg ist.</translation>
    </message>
    <message numerus="yes">
        <source>The first {shown} of %n recordings.</source>
        <translation>
            <numerusform>Die erste {shown} von %n Aufnahme.</numerusform>
            <numerusform>Die ersten {shown} von %n Aufnahmen.</numerusform>
        </translation>
    </message>
    <message>
        <source>The input is too loud and clips: turn the gain down</source>
        <translation>Der Eingang ist zu laut und übersteuert: Drehen Sie die Verstärkung herunter</translation>
    </message>
    <message>
        <source>The input is too loud and clips: turn the input down in the system&apos;s mixer</source>
        <translation>Der Eingang ist zu laut und übersteuert: Drehen Sie ihn im Mischer des Systems herunter</translation>
    </message>
    <message>
        <source>The instruments detected now, in the order in which they came in</source>
        <translation>Die jetzt erkannten Instrumente, in der Reihenfolge ihrer Einsätze</translation>
    </message>
    <message>
        <source>The language changes with the next start</source>
        <translation>Die Sprache wechselt mit dem nächsten Start</translation>
    </message>
    <message>
        <source>The second model does not run: {reason}</source>
        <translation>Das zweite Modell läuft nicht: {reason}</translation>
    </message>
    <message>
        <source>The&amp;me</source>
        <translation>&amp;Farbschema</translation>
    </message>
    <message>
        <source>There is no live input to record; choose a microphone, or this computer.</source>
        <translation>Es gibt keinen Live-Eingang zum Aufnehmen; wählen Sie ein Mikrofon oder diesen Computer.</translation>
    </message>
    <message>
        <source>There is nothing to export yet; export it in a moment.</source>
        <translation>Noch gibt es nichts zu exportieren; versuchen Sie es gleich noch einmal.</translation>
    </message>
    <message>
        <source>Thin level line</source>
        <translation>Dünne waagrechte Linie</translation>
    </message>
    <message>
        <source>This computer&apos;s sound</source>
        <translation>Audio dieses Computers</translation>
    </message>
    <message>
        <source>Threshold</source>
        <translation>Schwelle</translation>
    </message>
    <message>
        <source>Thresholds in force</source>
        <translation>Geltende Schwellen</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Time a&amp;xis</source>
        <translation>Zeita&amp;chse</translation>
    </message>
    <message>
        <source>Time axis</source>
        <translation>Zeitachse</translation>
    </message>
    <message>
        <source>Tint with a bar below</source>
        <translation>Tönung mit einem Balken darunter</translation>
    </message>
    <message>
        <source>Too loud: turn the input down in the system&apos;s mixer, or go further away</source>
        <translation>Zu laut: Drehen Sie den Eingang im Mischer des Systems herunter, oder gehen Sie weiter weg</translation>
    </message>
    <message>
        <source>Trained on {data}</source>
        <translation>Trainiert mit {data}</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Undo the calibration</source>
        <translation>Einmessen rückgängig machen</translation>
    </message>
    <message>
        <source>Unpin</source>
        <translation>Lösen</translation>
    </message>
    <message>
        <source>Up, Down</source>
        <translation>Hoch, Herunter</translation>
    </message>
    <message>
        <source>Use the microphone</source>
        <translation>Mikrofon verwenden</translation>
    </message>
    <message>
        <source>Use the model {name}</source>
        <translation>Modell {name} verwenden</translation>
    </message>
    <message>
        <source>Usual: −90 to −12 dB</source>
        <translation>Üblich: −90 bis −12 dB</translation>
    </message>
    <message>
        <source>Very quiet: go closer, turn the input up in the system&apos;s mixer, or choose another source</source>
        <translation>Sehr leise: Gehen Sie näher heran, drehen Sie den Eingang im Mischer des Systems auf, oder wählen Sie eine andere Quelle</translation>
    </message>
    <message>
        <source>Viridis</source>
        <translation>Viridis</translation>
    </message>
    <message>
        <source>Waiting for the device…</source>
        <translation>Wartet auf das Gerät…</translation>
    </message>
    <message>
        <source>What is found is lost when this window is closed: {reason}</source>
        <translation>Was erkannt wird, geht beim Schließen dieses Fensters verloren: {reason}</translation>
    </message>
    <message>
        <source>What is shown</source>
        <translation>Was gezeigt wird</translation>
    </message>
    <message>
        <source>What the curves mean</source>
        <translation>Was die Kurven bedeuten</translation>
    </message>
    <message>
        <source>What was kept is removed, unless you corrected it.</source>
        <translation>Was behalten wurde, ist gelöscht, außer was Sie korrigiert haben.</translation>
    </message>
    <message>
        <source>What was recorded is being saved</source>
        <translation>Das Aufgenommene wird gespeichert</translation>
    </message>
    <message>
        <source>Wheel or pinch over lanes, spectrum or overview</source>
        <translation>Mausrad oder Spreizen über Spuren, Spektrum oder Übersicht</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>Where does the sound come from?</source>
        <translation>Woher kommt der Ton?</translation>
    </message>
    <message>
        <source>Where the sound comes from</source>
        <translation>Woher der Ton kommt</translation>
    </message>
    <message>
        <source>Which instruments are playing?</source>
        <translation>Welche Instrumente spielen?</translation>
    </message>
    <message>
        <source>Which instruments play</source>
        <translation>Welche Instrumente spielen</translation>
    </message>
    <message>
        <source>Why a label may be wrong</source>
        <translation>Warum ein Instrument falsch benannt sein kann</translation>
    </message>
    <message>
        <source>Wide: −100 to −6 dB</source>
        <translation>Weit: −100 bis −6 dB</translation>
    </message>
    <message>
        <source>Windows</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Windows offers no loopback input; enable &apos;Stereo Mix&apos; in the sound settings, or install VB-Audio Cable</source>
        <translation>Windows bietet keinen Loopback-Eingang; schalten Sie in den Audioeinstellungen „Stereomix“ ein, oder installieren Sie VB-Audio Cable</translation>
    </message>
    <message>
        <source>With the seconds &amp;before</source>
        <translation>Mit den Sekunden &amp;davor</translation>
    </message>
    <message>
        <source>Yours</source>
        <translation>Ihre</translation>
    </message>
    <message>
        <source>Zoom &amp;in</source>
        <translation>Hinein&amp;zoomen</translation>
    </message>
    <message>
        <source>Zoom &amp;out</source>
        <translation>Hera&amp;uszoomen</translation>
    </message>
    <message>
        <source>Zoom to the selection</source>
        <translation>Auf die Auswahl zoomen</translation>
    </message>
    <message>
        <source>Zoom; with Shift, or sideways, move</source>
        <translation>Zoomen; mit Umschalt oder seitwärts: verschieben</translation>
    </message>
    <message>
        <source>a comma is expected before {token}</source>
        <translation>vor {token} fehlt ein Komma</translation>
    </message>
    <message>
        <source>a file</source>
        <translation>eine Datei</translation>
    </message>
    <message>
        <source>a second model, if one is compared; hatched at the top of a lane: the two disagree.</source>
        <translation>ein zweites Modell, wenn eines verglichen wird; oben in einer Spur schraffiert: Die beiden sind uneins.</translation>
    </message>
    <message>
        <source>accordion</source>
        <comment>instrument</comment>
        <translation>Akkordeon</translation>
    </message>
    <message>
        <source>acoustic guitar</source>
        <comment>instrument</comment>
        <translation>Akustikgitarre</translation>
    </message>
    <message>
        <source>all events of the session so far, or of the file: each from its onset to its offset.</source>
        <translation>alle Ereignisse der Sitzung bisher oder der Datei: jedes von seinem Einsatz bis zu seinem Ende.</translation>
    </message>
    <message>
        <source>an event: from the onset to the offset of the instrument.</source>
        <translation>ein Ereignis: vom Einsatz des Instruments bis zu seinem Ende.</translation>
    </message>
    <message>
        <source>bagpipe</source>
        <comment>instrument</comment>
        <translation>Dudelsack</translation>
    </message>
    <message>
        <source>banjo</source>
        <comment>instrument</comment>
        <translation>Banjo</translation>
    </message>
    <message>
        <source>bass</source>
        <comment>instrument</comment>
        <translation>Bass</translation>
    </message>
    <message>
        <source>bass</source>
        <comment>family</comment>
        <translation>Bass</translation>
    </message>
    <message>
        <source>bassoon</source>
        <comment>instrument</comment>
        <translation>Fagott</translation>
    </message>
    <message>
        <source>brass</source>
        <comment>family</comment>
        <translation>Blechbläser</translation>
    </message>
    <message>
        <source>cannot record to {folder}: {error}; choose another place</source>
        <translation>nach {folder} kann nicht aufgenommen werden: {error}; wählen Sie einen anderen Ort</translation>
    </message>
    <message>
        <source>cannot write {path}: {error}; choose another place</source>
        <translation>{path} lässt sich nicht schreiben: {error}; wählen Sie einen anderen Ort</translation>
    </message>
    <message>
        <source>cello</source>
        <comment>instrument</comment>
        <translation>Cello</translation>
    </message>
    <message>
        <source>clarinet</source>
        <comment>instrument</comment>
        <translation>Klarinette</translation>
    </message>
    <message>
        <source>clavinet</source>
        <comment>instrument</comment>
        <translation>Clavinet</translation>
    </message>
    <message>
        <source>clip of {name}</source>
        <translation>Ausschnitt aus {name}</translation>
    </message>
    <message>
        <source>costs no time</source>
        <translation>kostet keine Zeit</translation>
    </message>
    <message>
        <source>drums</source>
        <comment>instrument</comment>
        <translation>Schlagzeug</translation>
    </message>
    <message>
        <source>electric guitar</source>
        <comment>instrument</comment>
        <translation>E-Gitarre</translation>
    </message>
    <message>
        <source>error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>file</source>
        <comment>source</comment>
        <translation>Datei</translation>
    </message>
    <message>
        <source>flute</source>
        <comment>instrument</comment>
        <translation>Flöte</translation>
    </message>
    <message>
        <source>french horn</source>
        <comment>instrument</comment>
        <translation>Horn</translation>
    </message>
    <message>
        <source>guitar</source>
        <comment>instrument</comment>
        <translation>Gitarre</translation>
    </message>
    <message>
        <source>guitars</source>
        <comment>family</comment>
        <translation>Gitarren</translation>
    </message>
    <message>
        <source>harmonica</source>
        <comment>instrument</comment>
        <translation>Mundharmonika</translation>
    </message>
    <message>
        <source>harp</source>
        <comment>instrument</comment>
        <translation>Harfe</translation>
    </message>
    <message>
        <source>harpsichord</source>
        <comment>instrument</comment>
        <translation>Cembalo</translation>
    </message>
    <message>
        <source>info</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>irec-live recognises which instruments play,
and how loud each one is.</source>
        <translation>irec-live erkennt, welche Instrumente spielen,
und wie laut jedes ist.</translation>
    </message>
    <message>
        <source>it is still being analysed; try again in a moment</source>
        <translation>es wird noch analysiert; versuchen Sie es gleich noch einmal</translation>
    </message>
    <message>
        <source>keys</source>
        <comment>family</comment>
        <translation>Tasteninstrumente</translation>
    </message>
    <message>
        <source>koto</source>
        <comment>instrument</comment>
        <translation>Koto</translation>
    </message>
    <message>
        <source>level</source>
        <translation>Pegel</translation>
    </message>
    <message>
        <source>level silent</source>
        <translation>Pegel still</translation>
    </message>
    <message>
        <source>level {level}</source>
        <translation>Pegel {level}</translation>
    </message>
    <message>
        <source>likelihood</source>
        <translation>Wahrscheinlichkeit</translation>
    </message>
    <message>
        <source>likelihood: how sure the model is that the instrument plays, 0 to 100&#xa0;%.</source>
        <translation>Wahrscheinlichkeit: wie sicher das Modell ist, dass das Instrument spielt, 0 bis 100&#xa0;%.</translation>
    </message>
    <message>
        <source>likely</source>
        <translation>wahrsch.</translation>
    </message>
    <message>
        <source>likely {share}</source>
        <translation>Wahrscheinlichkeit {share}</translation>
    </message>
    <message>
        <source>listening stopped: {sentence}</source>
        <translation>das Zuhören ist beendet: {sentence}</translation>
    </message>
    <message>
        <source>listening to {source}</source>
        <translation>stattdessen hört das Programm zu: {source}</translation>
    </message>
    <message>
        <source>loudness of low (bottom) to high (top) tones of the whole sound.</source>
        <translation>Lautstärke tiefer (unten) bis hoher (oben) Töne des ganzen Klangs.</translation>
    </message>
    <message>
        <source>loudness of that instrument alone, over a range of 60 dB.</source>
        <translation>Lautstärke dieses Instruments allein, über einen Bereich von 60 dB.</translation>
    </message>
    <message>
        <source>loudness, 60 dB</source>
        <translation>Lautstärke, 60 dB</translation>
    </message>
    <message>
        <source>mAP {score} on mixtures</source>
        <translation>mAP {score} auf Mischungen</translation>
    </message>
    <message>
        <source>mAP {score} on real clips</source>
        <translation>mAP {score} auf echten Aufnahmen</translation>
    </message>
    <message>
        <source>mAP {score} on test clips</source>
        <translation>mAP {score} auf Testaufnahmen</translation>
    </message>
    <message>
        <source>macOS offers no loopback input; install BlackHole and choose it as the sound output</source>
        <translation>macOS bietet keinen Loopback-Eingang; installieren Sie BlackHole und wählen Sie es als Audioausgang</translation>
    </message>
    <message>
        <source>mallets</source>
        <comment>instrument</comment>
        <translation>Stabspiele</translation>
    </message>
    <message>
        <source>mandolin</source>
        <comment>instrument</comment>
        <translation>Mandoline</translation>
    </message>
    <message>
        <source>no file was named</source>
        <translation>es wurde keine Datei genannt</translation>
    </message>
    <message>
        <source>no instrument is called {name}; is {label} meant?</source>
        <translation>kein Instrument heißt {name}; ist {label} gemeint?</translation>
    </message>
    <message>
        <source>no instrument is called {name}{hint}</source>
        <translation>kein Instrument heißt {name}{hint}</translation>
    </message>
    <message>
        <source>no model file at {path}</source>
        <translation>keine Modelldatei unter {path}</translation>
    </message>
    <message>
        <source>no sound arrives from &apos;{name}&apos;: {reason}</source>
        <translation>von „{name}“ kommt kein Ton: {reason}</translation>
    </message>
    <message>
        <source>none running</source>
        <translation>keines läuft</translation>
    </message>
    <message>
        <source>none: drag the line in a lane</source>
        <translation>keine: Ziehen Sie die Linie in einer Spur</translation>
    </message>
    <message>
        <source>not in this time</source>
        <translation>nicht in dieser Zeit</translation>
    </message>
    <message>
        <source>not installed</source>
        <translation>nicht installiert</translation>
    </message>
    <message>
        <source>not playing</source>
        <translation>spielt nicht</translation>
    </message>
    <message>
        <source>nothing plays there, or the sound server has stopped</source>
        <translation>dort spielt nichts, oder der Audioserver steht</translation>
    </message>
    <message>
        <source>nothing was corrected; correct some events in the window (Ctrl+K) first</source>
        <translation>nichts ist korrigiert; korrigieren Sie erst einige Ereignisse im Fenster (Strg+K)</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
    <message>
        <source>oboe</source>
        <comment>instrument</comment>
        <translation>Oboe</translation>
    </message>
    <message>
        <source>only the results of this session were kept, not its sound</source>
        <translation>von dieser Sitzung wurden nur die Ergebnisse behalten, nicht ihr Ton</translation>
    </message>
    <message>
        <source>organ</source>
        <comment>instrument</comment>
        <translation>Orgel</translation>
    </message>
    <message>
        <source>other</source>
        <comment>family</comment>
        <translation>andere</translation>
    </message>
    <message>
        <source>peak {level}</source>
        <translation>Spitze {level}</translation>
    </message>
    <message>
        <source>percussion</source>
        <comment>family</comment>
        <translation>Schlagwerk</translation>
    </message>
    <message>
        <source>piano</source>
        <comment>instrument</comment>
        <translation>Klavier</translation>
    </message>
    <message>
        <source>pinned</source>
        <comment>family</comment>
        <translation>angeheftet</translation>
    </message>
    <message>
        <source>playhead</source>
        <translation>Position</translation>
    </message>
    <message>
        <source>playing</source>
        <translation>spielt</translation>
    </message>
    <message>
        <source>playing stopped: {error}</source>
        <translation>die Wiedergabe ist beendet: {error}</translation>
    </message>
    <message>
        <source>playing without sound</source>
        <translation>Wiedergabe ohne Ton</translation>
    </message>
    <message>
        <source>playing without sound: {reason}</source>
        <translation>Wiedergabe ohne Ton: {reason}</translation>
    </message>
    <message>
        <source>precision {precision}, recall {recall}</source>
        <translation>richtig {precision}, erkannt {recall}</translation>
    </message>
    <message>
        <source>recording stopped: {reason}</source>
        <translation>Die Aufnahme ist beendet: {reason}</translation>
    </message>
    <message>
        <source>recording stopped: {reason}; the {seconds} s before are kept in {folder}</source>
        <translation>Die Aufnahme ist beendet: {reason}; die {seconds} s davor bleiben erhalten, in {folder}</translation>
    </message>
    <message>
        <source>saxophone</source>
        <comment>instrument</comment>
        <translation>Saxofon</translation>
    </message>
    <message>
        <source>see the file LICENSE</source>
        <translation>siehe die Datei LICENSE</translation>
    </message>
    <message>
        <source>since {begin}</source>
        <translation>seit {begin}</translation>
    </message>
    <message>
        <source>sitar</source>
        <comment>instrument</comment>
        <translation>Sitar</translation>
    </message>
    <message>
        <source>something unexpected went wrong ({kind}: {error})</source>
        <translation>etwas Unerwartetes ging schief ({kind}: {error})</translation>
    </message>
    <message>
        <source>sounding</source>
        <translation>klingt</translation>
    </message>
    <message>
        <source>strings</source>
        <comment>family</comment>
        <translation>Streicher</translation>
    </message>
    <message>
        <source>synth</source>
        <comment>instrument</comment>
        <translation>Synthesizer</translation>
    </message>
    <message>
        <source>the analysis stopped: {sentence}</source>
        <translation>die Analyse ist beendet: {sentence}</translation>
    </message>
    <message>
        <source>the calibration stopped: no sound arrives from the device</source>
        <translation>das Einmessen ist abgebrochen: Vom Gerät kommt kein Ton</translation>
    </message>
    <message>
        <source>the calibration stopped: nothing is heard from the device</source>
        <translation>das Einmessen ist abgebrochen: Vom Gerät ist nichts zu hören</translation>
    </message>
    <message>
        <source>the computer&apos;s own sound</source>
        <translation>das Audio des Computers</translation>
    </message>
    <message>
        <source>the computer&apos;s own sound needs PulseAudio or PipeWire running, and pactl and parec; on Debian or Ubuntu: sudo apt install pulseaudio-utils</source>
        <translation>das Audio des Computers braucht PulseAudio oder PipeWire, dazu pactl und parec; unter Debian oder Ubuntu: sudo apt install pulseaudio-utils</translation>
    </message>
    <message>
        <source>the default microphone</source>
        <translation>das Standardmikrofon</translation>
    </message>
    <message>
        <source>the disk does not answer; older results are forgotten</source>
        <translation>die Platte antwortet nicht; ältere Ergebnisse werden vergessen</translation>
    </message>
    <message>
        <source>the disk is full ({free} MB are left)</source>
        <translation>die Platte ist voll ({free} MB sind frei)</translation>
    </message>
    <message>
        <source>the disk takes no more ({reason})</source>
        <translation>die Platte nimmt nichts mehr an ({reason})</translation>
    </message>
    <message>
        <source>the folder is gone ({error})</source>
        <translation>der Ordner ist weg ({error})</translation>
    </message>
    <message>
        <source>the input &apos;{name}&apos; cannot be opened: {reason}</source>
        <translation>der Eingang „{name}“ lässt sich nicht öffnen: {reason}</translation>
    </message>
    <message>
        <source>the input &apos;{name}&apos; does not start: {error}</source>
        <translation>der Eingang „{name}“ startet nicht: {error}</translation>
    </message>
    <message>
        <source>the name of an instrument is expected here{there}</source>
        <translation>hier wird der Name eines Instruments erwartet{there}</translation>
    </message>
    <message>
        <source>the playhead is at a place that is not analysed yet.</source>
        <translation>die Abspielposition ist an einer Stelle, die noch nicht analysiert ist.</translation>
    </message>
    <message>
        <source>the program ended while this was recorded; what it had heard in the last second is missing</source>
        <translation>das Programm endete während dieser Aufnahme; was es in der letzten Sekunde hörte, fehlt</translation>
    </message>
    <message>
        <source>the selection cannot be saved: {reason}</source>
        <translation>die Auswahl lässt sich nicht speichern: {reason}</translation>
    </message>
    <message>
        <source>the session {name} has no sound: nothing was recorded</source>
        <translation>die Sitzung {name} hat keinen Ton: Nichts wurde aufgenommen</translation>
    </message>
    <message>
        <source>the session {name} lacks its sound: there is no {file} in it</source>
        <translation>der Sitzung {name} fehlt ihr Ton: {file} ist nicht darin</translation>
    </message>
    <message>
        <source>the sound devices cannot be listed: {error}</source>
        <translation>die Audiogeräte lassen sich nicht auflisten: {error}</translation>
    </message>
    <message>
        <source>the sound of a live input is only kept while it is recorded; press Ctrl+R first</source>
        <translation>der Ton eines Live-Eingangs wird nur behalten, während er aufgenommen wird; drücken Sie erst Strg+R</translation>
    </message>
    <message>
        <source>the sound output &apos;{name}&apos; went away</source>
        <translation>der Audioausgang „{name}“ ist weg</translation>
    </message>
    <message>
        <source>the span that the lanes show; its upper end can be dragged.</source>
        <translation>die Spanne, die die Spuren zeigen; ihr oberes Ende lässt sich ziehen.</translation>
    </message>
    <message>
        <source>there is no file {name}; check the path</source>
        <translation>es gibt keine Datei {name}; prüfen Sie den Pfad</translation>
    </message>
    <message>
        <source>there is no host &apos;{host}&apos; to send OSC to: {error}</source>
        <translation>es gibt keinen Rechner „{host}“, an den OSC gehen könnte: {error}</translation>
    </message>
    <message>
        <source>there is no sound input device; plug in a microphone, or open a file</source>
        <translation>es gibt keinen Audioeingang; schließen Sie ein Mikrofon an, oder öffnen Sie eine Datei</translation>
    </message>
    <message>
        <source>there is no sound output device</source>
        <translation>es gibt kein Gerät zur Audioausgabe</translation>
    </message>
    <message>
        <source>there is no {kind} device &apos;{name}&apos; now; there is: {known}</source>
        <translation>ein Gerät „{name}“ ({kind}) gibt es jetzt nicht; es gibt: {known}</translation>
    </message>
    <message>
        <source>there is nothing to calibrate: no model that names instruments is in use</source>
        <translation>es gibt nichts einzumessen: Es wird kein Modell verwendet, das Instrumente nennt</translation>
    </message>
    <message>
        <source>threshold</source>
        <translation>Schwelle</translation>
    </message>
    <message>
        <source>threshold: an instrument lights up where its smoothed likelihood is above it.</source>
        <translation>Schwelle: Ein Instrument leuchtet auf, wo seine geglättete Wahrscheinlichkeit darüber liegt.</translation>
    </message>
    <message>
        <source>trombone</source>
        <comment>instrument</comment>
        <translation>Posaune</translation>
    </message>
    <message>
        <source>trumpet</source>
        <comment>instrument</comment>
        <translation>Trompete</translation>
    </message>
    <message>
        <source>tuba</source>
        <comment>instrument</comment>
        <translation>Tuba</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>viola</source>
        <comment>instrument</comment>
        <translation>Bratsche</translation>
    </message>
    <message>
        <source>violin</source>
        <comment>instrument</comment>
        <translation>Geige</translation>
    </message>
    <message>
        <source>voice</source>
        <comment>instrument</comment>
        <translation>Stimme</translation>
    </message>
    <message>
        <source>voice</source>
        <comment>family</comment>
        <translation>Stimme</translation>
    </message>
    <message>
        <source>warning</source>
        <translation>Warnung</translation>
    </message>
    <message>
        <source>woodwinds</source>
        <comment>family</comment>
        <translation>Holzbläser</translation>
    </message>
    <message>
        <source>{begin} to now, {share} at most</source>
        <translation>{begin} bis jetzt, höchstens {share}</translation>
    </message>
    <message>
        <source>{begin} to {end}, playhead at {time}</source>
        <translation>{begin} bis {end}, Abspielposition bei {time}</translation>
    </message>
    <message>
        <source>{begin} to {end}, {share} at most</source>
        <translation>{begin} bis {end}, höchstens {share}</translation>
    </message>
    <message>
        <source>{channels}, gain {gain}</source>
        <translation>{channels}, Verstärkung {gain}</translation>
    </message>
    <message>
        <source>{delay} ms later</source>
        <translation>{delay} ms später</translation>
    </message>
    <message>
        <source>{done} of {all}</source>
        <translation>{done} von {all}</translation>
    </message>
    <message>
        <source>{done} predicted, {skipped} skipped</source>
        <translation>{done} berechnet, {skipped} ausgefallen</translation>
    </message>
    <message>
        <source>{done}. Menu, Decisions, Undo takes it back</source>
        <translation>{done}. Im Menü unter Entscheidungen lässt es sich rückgängig machen</translation>
    </message>
    <message>
        <source>{duration} ms: costs no time; labels go out that much later</source>
        <translation>{duration} ms: kostet keine Zeit; Instrumente erlöschen um so viel später</translation>
    </message>
    <message numerus="yes">
        <source>{found} of %n events</source>
        <translation>
            <numerusform>{found} von %n Ereignis</numerusform>
            <numerusform>{found} von %n Ereignissen</numerusform>
        </translation>
    </message>
    <message>
        <source>{kind} will be sent when a live input is open.</source>
        <translation>{kind} wird gesendet, sobald ein Live-Eingang offen ist.</translation>
    </message>
    <message>
        <source>{label} to {share}</source>
        <translation>{label} auf {share}</translation>
    </message>
    <message>
        <source>{label}, corrected: {begin}</source>
        <translation>{label}, korrigiert: {begin}</translation>
    </message>
    <message>
        <source>{label}, corrected: {begin} to {end}</source>
        <translation>{label}, korrigiert: {begin} bis {end}</translation>
    </message>
    <message>
        <source>{label}: lights from {share} on</source>
        <translation>{label}: leuchtet ab {share}</translation>
    </message>
    <message>
        <source>{label}: {begin} to {end}</source>
        <translation>{label}: {begin} bis {end}</translation>
    </message>
    <message>
        <source>{median} ms median, {most} ms 99th percentile</source>
        <translation>{median} ms Median, {most} ms 99. Perzentil</translation>
    </message>
    <message>
        <source>{model} is loaded; choose a source to use it</source>
        <translation>{model} ist geladen; wählen Sie eine Quelle dafür</translation>
    </message>
    <message>
        <source>{model} · hatched: they disagree</source>
        <translation>{model} · schraffiert: uneins</translation>
    </message>
    <message>
        <source>{model}, {share} of real time</source>
        <translation>{model}, {share} der Echtzeit</translation>
    </message>
    <message>
        <source>{names} are both {kind} models; choose one of each kind</source>
        <translation>{names} sind beide von der Art {kind}; wählen Sie von jeder Art ein Modell</translation>
    </message>
    <message>
        <source>{names} has no sound files; drop a song, or a folder of songs</source>
        <translation>{names}: keine Audiodateien; ziehen Sie ein Stück hierher oder einen Ordner mit Stücken</translation>
    </message>
    <message>
        <source>{name} brought its test run down (status {status}); it is not loaded</source>
        <translation>{name} hat seinen Probelauf zum Absturz gebracht (Status {status}); es wird nicht geladen</translation>
    </message>
    <message>
        <source>{name} cannot be decoded as audio: {problem}; give a sound or video file</source>
        <translation>{name} lässt sich nicht als Ton lesen: {problem}; geben Sie eine Audio- oder Videodatei an</translation>
    </message>
    <message>
        <source>{name} cannot be opened: {reason}</source>
        <translation>{name} lässt sich nicht öffnen: {reason}</translation>
    </message>
    <message>
        <source>{name} cannot be read: {reason}</source>
        <translation>{name} lässt sich nicht lesen: {reason}</translation>
    </message>
    <message>
        <source>{name} changed while it was loaded; load it again</source>
        <translation>{name} hat sich beim Laden verändert; laden Sie es noch einmal</translation>
    </message>
    <message>
        <source>{name} ends early: {reached} s of {whole} s could be decoded</source>
        <translation>{name} endet zu früh: {reached} s von {whole} s waren lesbar</translation>
    </message>
    <message>
        <source>{name} has sound, but none of it could be decoded</source>
        <translation>{name} hat Ton, aber nichts davon war lesbar</translation>
    </message>
    <message>
        <source>{name} is a folder; give an audio file</source>
        <translation>{name} ist ein Ordner; geben Sie eine Audiodatei an</translation>
    </message>
    <message>
        <source>{name} is damaged: {complaint}</source>
        <translation>{name} ist beschädigt: {complaint}</translation>
    </message>
    <message>
        <source>{name} is empty (0 bytes)</source>
        <translation>{name} ist leer (0 Byte)</translation>
    </message>
    <message>
        <source>{name} was changed elsewhere meanwhile, and is left as it is: open the sound again, and correct it in one window</source>
        <translation>{name} wurde inzwischen anderswo geändert und bleibt, wie es ist: Öffnen Sie die Datei noch einmal und korrigieren Sie in einem Fenster</translation>
    </message>
    <message>
        <source>{name} was cut short when the program ended; it is being completed</source>
        <translation>{name} brach ab, als das Programm endete; die Aufnahme wird vervollständigt</translation>
    </message>
    <message>
        <source>{name} was not opened. Nothing in it is lost: it is completed next time.</source>
        <translation>{name} wurde nicht geöffnet. Nichts darin ist verloren: Beim nächsten Mal wird die Aufnahme vervollständigt.</translation>
    </message>
    <message>
        <source>{now} ms for deciding ({usual} ms as the model was measured)</source>
        <translation>{now} ms für die Entscheidung ({usual} ms, wie das Modell gemessen wurde)</translation>
    </message>
    <message>
        <source>{now} ms for deciding ({usual} ms as the model was measured), {total} ms from sound to label altogether</source>
        <translation>{now} ms für die Entscheidung ({usual} ms, wie das Modell gemessen wurde), {total} ms vom Klang bis zur Anzeige insgesamt</translation>
    </message>
    <message>
        <source>{others} and {last}</source>
        <translation>{others} und {last}</translation>
    </message>
    <message>
        <source>{problem}. Choose another source, or plug it in again</source>
        <translation>{problem}. Wählen Sie eine andere Quelle, oder schließen Sie sie wieder an</translation>
    </message>
    <message>
        <source>{problem}; playing the demo clip instead</source>
        <translation>{problem}; stattdessen läuft die Demo</translation>
    </message>
    <message>
        <source>{problem}; the models stay as they were</source>
        <translation>{problem}; die Modelle bleiben, wie sie waren</translation>
    </message>
    <message>
        <source>{problem}; {words} instead</source>
        <translation>{problem}; {words}</translation>
    </message>
    <message>
        <source>{reason} (character {position} of the query)</source>
        <translation>{reason} (Zeichen {position} der Suche)</translation>
    </message>
    <message>
        <source>{setting}: click to change</source>
        <translation>{setting}: Klick zum Ändern</translation>
    </message>
    <message>
        <source>{share} analysed. {names}</source>
        <translation>{share} analysiert. {names}</translation>
    </message>
    <message>
        <source>{share} of real time</source>
        <translation>{share} der Echtzeit</translation>
    </message>
    <message>
        <source>{share} of the time shown</source>
        <translation>{share} der gezeigten Zeit</translation>
    </message>
    <message>
        <source>{source} was heard for {length}; {key} goes back to that.</source>
        <translation>{source} wurde {length} lang gehört; {key} kehrt dahin zurück.</translation>
    </message>
    <message>
        <source>{source}, {day}: what was found then is kept; {key} goes back to it.</source>
        <translation>{source}, {day}: Was damals erkannt wurde, ist noch da; {key} kehrt dahin zurück.</translation>
    </message>
    <message numerus="yes">
        <source>{times} and %n more</source>
        <translation>
            <numerusform>{times} und %n weiteres Mal</numerusform>
            <numerusform>{times} und %n weitere Male</numerusform>
        </translation>
    </message>
    <message>
        <source>{time} ms a hop</source>
        <translation>{time} ms je Schritt</translation>
    </message>
    <message>
        <source>{time} ms window</source>
        <translation>Fenster von {time} ms</translation>
    </message>
</context>
</TS>

<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name></name>
    <message numerus="yes">
        <source>%n events</source>
        <translation>
            <numerusform>%n event</numerusform>
            <numerusform>%n events</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n failed: {reason}</source>
        <translation>
            <numerusform>%n failed: {reason}</numerusform>
            <numerusform>%n failed: {reason}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n files; playing {number}: {name}</source>
        <translation>
            <numerusform>%n file; playing {number}: {name}</numerusform>
            <numerusform>%n files; playing {number}: {name}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n files; playing {number}: {name} (not opened: {skipped})</source>
        <translation>
            <numerusform>%n file; playing {number}: {name} (not opened: {skipped})</numerusform>
            <numerusform>%n files; playing {number}: {name} (not opened: {skipped})</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n gone</source>
        <translation>
            <numerusform>%n gone</numerusform>
            <numerusform>%n gone</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hidden</source>
        <translation>
            <numerusform>%n hidden</numerusform>
            <numerusform>%n hidden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n instruments are hidden</source>
        <translation>
            <numerusform>%n instrument is hidden</numerusform>
            <numerusform>%n instruments are hidden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n known</source>
        <translation>
            <numerusform>%n known</numerusform>
            <numerusform>%n known</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n labels</source>
        <translation>
            <numerusform>%n label</numerusform>
            <numerusform>%n labels</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n recordings analysed</source>
        <translation>
            <numerusform>%n recording analysed</numerusform>
            <numerusform>%n recordings analysed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n recordings. Double-click to play from there.</source>
        <translation>
            <numerusform>%n recording. Double-click to play from there.</numerusform>
            <numerusform>%n recordings. Double-click to play from there.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n seconds</source>
        <translation>
            <numerusform>%n second</numerusform>
            <numerusform>%n seconds</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n windows</source>
        <translation>
            <numerusform>%n window</numerusform>
            <numerusform>%n windows</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Add %n folders and files to the library? What is new in them will be analysed.</source>
        <translation>
            <numerusform>Add %n folder or file to the library? What is new in it will be analysed.</numerusform>
            <numerusform>Add %n folders and files to the library? What is new in them will be analysed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Back %n seconds</source>
        <translation>
            <numerusform>Back %n second</numerusform>
            <numerusform>Back %n seconds</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Forward %n seconds</source>
        <translation>
            <numerusform>Forward %n second</numerusform>
            <numerusform>Forward %n seconds</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Listen to {name} and %n more</source>
        <translation>
            <numerusform>Listen to {name} and %n more</numerusform>
            <numerusform>Listen to {name} and %n more</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Open the session {name} and %n more</source>
        <translation>
            <numerusform>Open the session {name} and %n more</numerusform>
            <numerusform>Open the session {name} and %n more</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Saved %n clips and their manifest in {folder}.</source>
        <translation>
            <numerusform>Saved %n clip and its manifest in {folder}.</numerusform>
            <numerusform>Saved %n clips and their manifest in {folder}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The first {shown} of %n recordings.</source>
        <translation>
            <numerusform>The first {shown} of %n recording.</numerusform>
            <numerusform>The first {shown} of %n recordings.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{found} of %n events</source>
        <translation>
            <numerusform>{found} of %n event</numerusform>
            <numerusform>{found} of %n events</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{times} and %n more</source>
        <translation>
            <numerusform>{times} and %n more</numerusform>
            <numerusform>{times} and %n more</numerusform>
        </translation>
    </message>
</context>
</TS>

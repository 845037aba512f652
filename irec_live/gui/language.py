"""Language of the window: its sentences (Qt Linguist), the decimal mark of its numbers, and which languages there are.

Every sentence that a user reads is written in English where it is used, as ``tr("Saved {name}.", name=...)``. What is
named in curly braces is put in after the translation; no sentence is glued together. Where a number decides on the
form of a word, it is the third argument: ``tr("%n events", "", count)``. Tables of words, which are made before a
language is chosen, mark theirs with `marked`, and translate them when they are shown.

``make translations`` collects the sentences into ``translations/irec_*.ts`` and compiles these to ``.qm``. A language
is there as soon as its ``.qm`` is. Exports and JSON stay English.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QTranslator

FOLDER = Path(__file__).with_name("translations")
SYSTEM = "system"
"""In the settings: the language of the desktop."""
ENGLISH = "en"
"""The language that the sentences are written in; its own file has only the singular and plural of those with a %n."""


class _Language:
    """The language in use. Qt is imported only when a file is loaded, as the terminal shares words with the window."""

    def __init__(self) -> None:
        self.code = ENGLISH
        self.decimal_mark = "."
        self.chosen: QTranslator | None = None
        self.of_qt: QTranslator | None = None
        self._english: QTranslator | None = None

    @property
    def english(self) -> QTranslator:
        """Of sentences with a number."""
        if self._english is None:
            self._english = _load(ENGLISH)
        return self._english


_language = _Language()


def tr(text: str, note: str = "", n: int = -1, /, **values: object) -> str:
    """A sentence in the language of the window.

    Parameters
    ----------
    text : str
        English, a literal.
    note : str
        Tells apart what is the same in English but not elsewhere; for translators.
    n : int, optional
        Replaces ``%n``, and decides between singular and plural.
    **values
        Replace what is in curly braces. Without any, braces are left alone.

    Examples
    --------
    >>> tr("Saved {name}.", name="a {strange} name"), tr("%n events", "", 1), tr("%n events", "", 2)
    ('Saved a {strange} name.', '1 event', '2 events')
    """
    found = "" if _language.chosen is None else _language.chosen.translate("", text, note, n)
    if not found and n >= 0:
        found = _language.english.translate("", text, note, n)
    found = found or text
    if n >= 0:
        found = found.replace("%n", str(n))
    return found.format_map(values) if values else found


def marked(text: str) -> str:
    """A word of a table, as it is; `tr` translates it when it is shown."""
    return text


def use_language(choice: str) -> None:
    """Speak a language from now on: in what is written next, and in Qt's own dialogs.

    Parameters
    ----------
    choice : str
        One of `languages`, or `SYSTEM`. One that is not there is English.
    """
    from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

    code = _of_desktop() if choice == SYSTEM else choice if choice in codes() else ENGLISH
    application = QCoreApplication.instance()
    if application is not None and _language.of_qt is not None:
        QCoreApplication.removeTranslator(_language.of_qt)
    _language.code = code
    _language.chosen = None if code == ENGLISH else _load(code)
    _language.decimal_mark = "." if code == ENGLISH else QLocale(code).decimalPoint()
    _language.of_qt = QTranslator()
    there = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if application is not None and code != ENGLISH and _language.of_qt.load(f"qtbase_{code}", there):
        QCoreApplication.installTranslator(_language.of_qt)


def language() -> str:
    """Code of the language in use.

    Examples
    --------
    >>> language()
    'en'
    """
    return _language.code


def decimal_mark() -> str:
    """What stands between a number and its decimals."""
    return _language.decimal_mark


def codes() -> list[str]:
    """The languages that there are, English first.

    Examples
    --------
    >>> codes()[0], "de" in codes()
    ('en', True)
    """
    found = sorted(path.stem.removeprefix("irec_") for path in FOLDER.glob("irec_*.qm"))
    return [ENGLISH, *(code for code in found if code != ENGLISH)]


def languages() -> dict[str, str]:
    """The languages that there are, by code: each by its own name.

    Examples
    --------
    >>> languages()["de"]
    'Deutsch'
    """
    return {code: _load(code).translate("", "English", "the language's own name") or "English" for code in codes()}


def _of_desktop() -> str:
    """The first of the desktop's languages that there is."""
    from PySide6.QtCore import QLocale

    wanted = (name.replace("_", "-").split("-")[0] for name in QLocale.system().uiLanguages())
    return next((code for code in wanted if code in codes()), ENGLISH)


def _load(code: str) -> QTranslator:
    from PySide6.QtCore import QTranslator

    translator = QTranslator()
    translator.load(str(FOLDER / f"irec_{code}.qm"))
    return translator

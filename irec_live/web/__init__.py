"""Analysis over HTTP: a page to drop a file on, and what it asks for other programs. Needs the extra ``web``."""

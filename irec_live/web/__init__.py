"""Web server: a page to drop a file on, and a REST interface. Needs the extra ``web``."""

"""One file a page; each has `show`, which app.py puts into the navigation of the roles that may see it."""

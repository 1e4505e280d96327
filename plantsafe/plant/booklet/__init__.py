"""The plant description as a booklet that an engineer and an auditor read: one content, two forms, two languages."""

from plantsafe.plant.booklet.content import booklet_of
from plantsafe.plant.booklet.document import Booklet
from plantsafe.plant.booklet.render_html import render_html
from plantsafe.plant.booklet.render_pdf import render_pdf

__all__ = ["Booklet", "booklet_of", "render_html", "render_pdf"]

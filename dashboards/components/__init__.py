"""Parts of pages as HTML text: pure functions of a picture and a language."""

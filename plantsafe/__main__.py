"""`python -m plantsafe`: the command line."""

from plantsafe.cli import main

main()

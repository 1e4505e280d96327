"""Makes the module of made-up records importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

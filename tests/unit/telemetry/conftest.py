"""Makes the doubles importable, which are shared by test folders that are no packages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "doubles"))

"""Makes the firmware importable on CPython, with its cryptolib from the cryptography package."""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
for folder in (_HERE / "cpython", _HERE / "on_both", _HERE.parents[1] / "firmware"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

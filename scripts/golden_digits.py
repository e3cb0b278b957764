"""Records the loss curves of `examples/digits` on TensorFlow, run eagerly.

Run by scripts/golden, with an interpreter that has TensorFlow; writes tests/golden/digits.json.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Enough for an error to grow if there is one; TensorFlow's eager steps are slow.
EPOCHS = 12

if __name__ == "__main__":
    program = ROOT / "examples" / "digits" / "train.py"
    target = ROOT / "tests" / "golden" / "digits.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, program, "--mode", "eager", "--epochs", str(EPOCHS)]
    subprocess.run([*command, "--curves", target], check=True)

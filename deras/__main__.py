"""`python -m deras`: the `deras` command."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.

import sys

from deras._src.cli.main import main

sys.exit(main())

"""python -m racer."""

import sys

from racer.cli import main

sys.exit(main())

"""Runs the command line: python -m wbxml."""

import sys

from .cli import main

sys.exit(main())

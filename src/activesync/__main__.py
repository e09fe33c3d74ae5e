"""``python -m activesync`` is the command ``activesync``."""

import sys

from .cli import main

sys.exit(main())

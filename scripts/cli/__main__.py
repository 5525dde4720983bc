"""`python -m scripts.cli`."""

import sys

from scripts.cli.main import main

sys.exit(main())

"""`python -m gatling`."""

import sys

from gatling.cli import main

sys.exit(main())

"""`python -m gatling.cli`."""

import sys

from gatling.cli import main

sys.exit(main())

"""`python -m gatling`."""

import sys

from gatling.entry import main

sys.exit(main())

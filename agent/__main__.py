"""`python -m agent` is the `outrider` command."""

import sys

from agent.cli import main

sys.exit(main())

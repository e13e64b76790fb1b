"""Lets `python -m tollhouse` stand in for the console script."""

import sys

from tollhouse.cli import main

sys.exit(main())

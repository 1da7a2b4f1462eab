"""`python -m bizra_lab` is `bizra-lab`."""

import sys

from bizra_lab.cli import main

if __name__ == "__main__":
    sys.exit(main())

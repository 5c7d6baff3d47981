"""What runs the case files of tests/cases; tests/cases/README.md says how the parts fit."""

import os
import sys

CASES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(os.path.dirname(CASES))
sys.path.insert(0, os.path.join(TOP, "tests", "system")) # meshtest: processes, certificates, waiting

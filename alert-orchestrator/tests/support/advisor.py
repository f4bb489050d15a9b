"""The advisor beside a test: how to start it, and wait for its evaluations.

Python tests of this room find it with `sys.path.insert(0, …/tests/support)`; what holds for any service is in
chassis/tests/support/running.py.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "chassis/tests/support"))

from running import Service, wait_for


class Advisor(Service):
    """The program, which evaluates its assets round after round."""

    def wait_for_evaluation(self):
        wait_for("the first evaluation", lambda: self.answers("/startupz"))

    def evaluated(self):
        """Rounds so far."""
        text = self.get("/metrics")[2].decode()
        return int(next(line for line in text.splitlines() if "evaluation_duration_seconds_count" in line).split()[-1])

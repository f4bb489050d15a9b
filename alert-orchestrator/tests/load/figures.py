"""What was measured, beside what it may be."""

import dataclasses


@dataclasses.dataclass
class Figure:
    """One line of the report."""

    name: str
    measured: str
    limit: str
    holds: bool

    def __str__(self):
        return f"{'ok  ' if self.holds else 'FAIL'}  {self.name:48}  {self.measured:44}  limit: {self.limit}"


def at_least(name, value, limit, unit="", digits=2, note=""):
    return Figure(name, f"{value:.{digits}f}{unit}{note}", f"at least {limit}{unit}", value >= limit)


def at_most(name, value, limit, unit="", digits=2, note=""):
    return Figure(name, f"{value:.{digits}f}{unit}{note}", f"at most {limit}{unit}", value <= limit)

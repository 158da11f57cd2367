"""What is found in a copy of a set, and how much it matters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        severity: `error`: a figure on this copy is wrong, or cannot be computed. `warning`: figures are right, but the
            reader of them should know. `note`: worth a look, and usual in some sets.
        check: e.g. `unreadable`; stable.
        message: what it is, in a sentence.
        examples: all places where it is, in words.
    """

    severity: Severity
    check: str
    message: str
    examples: tuple[str, ...] = ()


@dataclass
class Findings:
    """All that was found in one set.

    Attributes:
        images: how many were looked at.
    """

    dataset: str
    images: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, severity: Severity, check: str, message: str, examples: Iterable[object] = ()) -> None:
        """Add a finding."""
        self.findings.append(Finding(severity, check, message, tuple(str(example) for example in examples)))

    def by_severity(self) -> list[Finding]:
        """The findings, the worst first."""
        return sorted(self.findings, key=lambda finding: SEVERITIES.index(finding.severity))

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity == severity for finding in self.findings)

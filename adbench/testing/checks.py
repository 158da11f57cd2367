"""Checks: a name, a demand, how to fix a failure, and the outcome with its reason."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adbench.errors import UserError, did_you_mean

Status = Literal["passed", "failed", "skipped", "xfailed"]
HARNESS = Path(__file__).parent.parent
EXPECTED = "expected failure: "
FIX_UNEXPECTED = "Remove the check from `expected_failed_checks` on the card."


class CheckFailed(AssertionError):
    """The subject does not do what a check demands; the message says what happened."""


class CheckSkipped(Exception):
    """A check does not apply to the subject; the message says why."""


@dataclass(frozen=True)
class Check:
    """One demand on a detector or a dataset.

    Attributes:
        name: e.g. `deterministic`; stable, for selection and reports.
        run: called with the bench of the subject; returns, or raises `CheckFailed` or `CheckSkipped`.
        mend: how to fix a failure, in a sentence.
    """

    name: str
    run: Callable[[Any], None]
    mend: str

    @property
    def what(self) -> str:
        """The demand, in a sentence."""
        return (self.run.__doc__ or "").strip().partition("\n")[0]


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check.

    Attributes:
        subject: name of the detector or dataset.
        check: name of the check.
        what: the demand, in a sentence.
        status: `passed`, `failed`, `skipped` (does not apply), or `xfailed` (failed as the card says).
        reason: why it failed or does not apply, in a sentence; "" if passed; `expected failure: ` and the card's reason if xfailed.
        mend: how to fix a failure; "" otherwise.
        seconds: time it took.
    """

    subject: str
    check: str
    what: str
    status: Status
    reason: str = ""
    mend: str = ""
    seconds: float = 0.0


def run_check(check: Check, bench: Any) -> CheckResult:
    """Run one check. Any exception becomes an outcome; only interrupts propagate."""
    begin = time.perf_counter()
    status: Status = "passed"
    reason, mend = "", ""
    try:
        check.run(bench)
    except CheckSkipped as skipped:
        status, reason = "skipped", str(skipped)
    except (CheckFailed, UserError) as failed:
        status, reason, mend = "failed", str(failed), check.mend
    except Exception as error:
        status, reason, mend = "failed", explained(error), check.mend
    expected = expectation(check, bench)
    if expected and status == "failed":
        status, reason, mend = "xfailed", f"{EXPECTED}{expected}", ""
    elif expected and status == "passed":
        status, reason, mend = "failed", unexpected(expected), FIX_UNEXPECTED
    seconds = round(time.perf_counter() - begin, 3)
    return CheckResult(bench.card.name, check.name, check.what, status, reason, mend, seconds)


def expectation(check: Check, bench: Any) -> str:
    """Why the card expects this check to fail, or ""."""
    return str(bench.card.expected_failed_checks.get(check.name, ""))


def unexpected(expected: str) -> str:
    """The reason given for a check that passes although the card expects it to fail."""
    return f"it passes, and the card expects it to fail: {expected}"


def demand_known(card: Any, checks: Iterable[Check]) -> None:
    """Raise `UserError` where a card exempts a check that does not exist, or gives no reason."""
    known = [check.name for check in checks]
    for name, reason in card.expected_failed_checks.items():
        if name not in known:
            raise UserError(
                f"{card.name}: expected_failed_checks names {name!r}, which is not a check.{did_you_mean(name, known)}"
            )
        if not isinstance(reason, str) or not reason.strip():
            raise UserError(
                f"{card.name}: expected_failed_checks gives no reason for {name!r}: say in one sentence why it must fail."
            )


def explained(error: BaseException) -> str:
    """One sentence on an unexpected exception, with the line it came from."""
    text = " ".join(str(error).split()) or "no message"
    # Point at the plugin's own line, not at the libraries it called, which are further down.
    frames = traceback.extract_tb(error.__traceback__)
    outside = [frame for frame in frames if HARNESS not in Path(frame.filename).parents]
    own = [frame for frame in outside if Path(outside[0].filename).parent in Path(frame.filename).parents]
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {text}{where}"


def chosen(checks: Sequence[Check], only: Iterable[str]) -> list[Check]:
    """The checks with these names, or all. Raises `UserError` for an unknown name."""
    names = list(only)
    known = [check.name for check in checks]
    for name in names:
        if name not in known:
            raise UserError(f"There is no check {name!r}.{did_you_mean(name, known)}")
    return [check for check in checks if not names or check.name in names]

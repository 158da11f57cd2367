"""What a check is: a name, what it demands, how to mend a failure, and the outcome with its reason."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adbench.errors import UserError, did_you_mean

Status = Literal["passed", "failed", "skipped"]
HARNESS = Path(__file__).parent.parent


class CheckFailed(AssertionError):
    """The subject does not do what a check demands; the message says what was seen."""


class CheckSkipped(Exception):
    """A check does not apply to the subject; the message says why."""


@dataclass(frozen=True)
class Check:
    """One demand on a detector or a dataset.

    Attributes:
        name: e.g. `deterministic`; stable, so that it can be chosen and reported.
        run: called with the bench that holds the subject; returns, raises `CheckFailed` or `CheckSkipped`.
        mend: what the author can do about a failure, in a sentence.
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
        status: `passed`, `failed`, or `skipped` where the check does not apply.
        reason: why it failed or does not apply, in a sentence; "" where it passed.
        mend: what to do about a failure; "" otherwise.
        seconds: how long it took.
    """

    subject: str
    check: str
    what: str
    status: Status
    reason: str = ""
    mend: str = ""
    seconds: float = 0.0


def run_check(check: Check, bench: Any) -> CheckResult:
    """Run one check. Whatever is raised becomes an outcome; only interrupts pass."""
    begin = time.perf_counter()
    status: Status = "passed"
    reason = ""
    try:
        check.run(bench)
    except CheckSkipped as skipped:
        status, reason = "skipped", str(skipped)
    except (CheckFailed, UserError) as failed:
        status, reason = "failed", str(failed)
    except Exception as error:
        status, reason = "failed", explained(error)
    mend = check.mend if status == "failed" else ""
    seconds = round(time.perf_counter() - begin, 3)
    return CheckResult(bench.card.name, check.name, check.what, status, reason, mend, seconds)


def explained(error: BaseException) -> str:
    """One sentence on an unexpected exception, with the line that it came from."""
    text = " ".join(str(error).split()) or "no message"
    # The plugin's own code is what the harness called; libraries that it called are further down.
    frames = traceback.extract_tb(error.__traceback__)
    outside = [frame for frame in frames if HARNESS not in Path(frame.filename).parents]
    own = [frame for frame in outside if Path(outside[0].filename).parent in Path(frame.filename).parents]
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {text}{where}"


def chosen(checks: Sequence[Check], only: Iterable[str]) -> list[Check]:
    """The checks of these names, or all. Raises `UserError` for a name that is none."""
    names = list(only)
    known = [check.name for check in checks]
    for name in names:
        if name not in known:
            raise UserError(f"There is no check {name!r}.{did_you_mean(name, known)}")
    return [check for check in checks if not names or check.name in names]

"""The checks as tests in a plugin's own suite."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from adbench.errors import UserError
from adbench.testing.checks import EXPECTED, FIX_UNEXPECTED, Check, CheckFailed, CheckSkipped, expectation, unexpected
from adbench.testing.suite import Bench, bound_checks


def parametrize_with_checks(
    *names: str, only: Iterable[str] = (), data_root: Path | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator that runs a test once for every check of the named plugins, detectors or datasets.

    ```python
    @parametrize_with_checks("bright")
    def test_conformance(check) -> None:
        check()
    ```

    Args:
        names: as for `adbench plugins check`.
        only: names of checks; empty = all.
        data_root: folder that holds the sets, for those on disk.

    Raises:
        UserError: unknown name, raised at collection.
    """
    import pytest

    from adbench.registry.cards import load_registry
    from adbench.testing.subjects import benches

    registry = load_registry()
    subjects = [bench for name in names for bench in benches(name, registry, data_root=data_root)]
    parameters = [
        pytest.param(as_test(check, bench), id=f"{bench.card.name}-{check.name}") for check, bench in bound_checks(subjects, only)
    ]
    decorator: Callable[[Callable[..., None]], Callable[..., None]] = pytest.mark.parametrize("check", parameters)
    return decorator


def as_test(check: Check, bench: Bench) -> Callable[[], None]:
    """A function that runs a check and passes, fails, skips or xfails in pytest."""

    def run() -> None:
        __tracebackhide__ = True
        import pytest

        expected = expectation(check, bench)
        advice = f"{check.what}\nTo fix it: {check.mend}"
        try:
            check.run(bench)
        except CheckSkipped as skipped:
            pytest.skip(str(skipped))
        except Exception as error:
            if expected:
                pytest.xfail(f"{EXPECTED}{expected}")
            if isinstance(error, CheckFailed | UserError):
                pytest.fail(f"{bench.card.name}: {check.name}: {error}\n{advice}", pytrace=False)
            error.add_note(advice)  # the traceback points to the author's line
            raise
        if expected:
            pytest.fail(f"{bench.card.name}: {check.name}: {unexpected(expected)}\nTo fix it: {FIX_UNEXPECTED}", pytrace=False)

    return run

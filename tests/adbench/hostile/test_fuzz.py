"""Every reader with files that are almost right: it reads them, or says in one sentence why not. `benchmarks/fuzz.py` goes on longer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
try:
    from fuzzing.readers import READERS, attempt
finally:
    sys.path.remove(str(BENCHMARKS))

SLOW = {"run": 10, "checkpoint": 25}
EXAMPLES = 60


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_it_reads_or_says_in_one_sentence_why_not(name: str, tmp_path: Path) -> None:
    reader = READERS[name]

    @seed(0)
    @settings(max_examples=SLOW.get(name, EXAMPLES), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(reader.contents())
    def once(content: object) -> None:
        attempt(reader, tmp_path, content)

    once()

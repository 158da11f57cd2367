"""LaTeX tables: structure everywhere, and a real compiler where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from boards import measured, record, tables_of

from adbench.leaderboard.tables import build_tables
from adbench.render.latex import escaped, to_latex

NASTY = r'a_b%c&d#e$f{g}h~i^j\k<l>m|n"o[p]ü'
DOCUMENT = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n%s\n\\end{document}\n"


def tied_tables() -> list:
    labels = np.arange(60) % 2
    good = labels + 0.3 * np.random.default_rng(1).standard_normal(60)
    rows = [measured("best", good, labels), measured("near_1", good + 0.1 * good[::-1], labels), measured("far", -good, labels)]
    return tables_of([*rows, (record(NASTY, "set_1", value=0.5), rows[0][1])])


def test_the_best_is_bold_and_what_ties_with_it_underlined() -> None:
    latex = to_latex(tied_tables())
    assert re.search(r"best & \\textbf\{\d+\.\d\}", latex)
    assert re.search(r"near\\_1 & \\underline\{\d+\.\d\}", latex)
    assert re.search(r"far & \d+\.\d & ", latex)
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert latex.count(rule) == 1


def test_rows_are_as_long_as_the_header() -> None:
    latex = to_latex(tied_tables(), intervals=True)
    columns = len(re.search(r"begin\{tabular\}\{(\w+)\}", latex).group(1))
    rows = [line for line in latex.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 1 + 2 * 4
    assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {columns}


def test_no_sign_keeps_its_meaning() -> None:
    text = escaped(NASTY)
    assert not re.search(r"(?<!\\)[%&#_]", text)
    assert "^" not in text
    assert "~" not in text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
@pytest.mark.parametrize("intervals", [False, True])
def test_it_compiles(tmp_path: Path, intervals: bool) -> None:
    seeds = build_tables([record(NASTY, seed=0), record(NASTY, seed=1, value=0.7), record("b", value=None)])
    body = to_latex(tied_tables(), intervals=intervals) + to_latex(seeds, intervals=intervals)
    (tmp_path / "table.tex").write_text(DOCUMENT % body, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout
    assert (tmp_path / "table.pdf").stat().st_size > 5000

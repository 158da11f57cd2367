"""Build a report: one HTML page with its style, script, charts and pictures inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from adbench.api import Run
from adbench.errors import UserError
from adbench.leaderboard.material import Material, distinct, gather
from adbench.registry.cards import Registry
from adbench.render.words import MISSING, figure_words, heading, interval_words, percent
from adbench.report import blocks, boards, costs, provenance
from adbench.report.gallery import ImageSource, galleries
from adbench.words import printable

HERE = Path(__file__).parent


def build_report(runs: Sequence[Run], registry: Registry | None = None, data_root: Path | None = None) -> str:
    """The page on all cells of these runs; the same runs and images give the same page.

    Args:
        runs: opened run folders, see `adbench.api.open_run`.
        registry: where galleries find the datasets; None leaves the images out.
        data_root: folder that holds the datasets.

    Raises:
        UserError: the runs hold no cells.
    """
    material = gather(runs)
    if not material.cells:
        raise UserError(f"Nothing to report: {', '.join(material.names) or 'no run'} holds no cell. Fill it with `adbench run`.")
    style, script = (_asset(name) for name in ("report.css", "report.js"))
    return (
        _environment(material)
        .get_template("report.html.jinja")
        .render(
            policy=_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            material=material,
            period=_period(material),
            synthetic=sorted({cell.record.dataset for cell in material.cells if cell.record.synthetic}),
            demo=any(cell.record.preset == "demo" for cell in material.cells),
            panels=boards.panels(material),
            contradictions=boards.contradictions(material),
            metrics=boards.metric_names(material),
            with_interval=distinct(name for cell in material.done for name in cell.record.intervals),
            lower=[card.name for card in material.metrics.values() if not card.higher_is_better],
            heat=blocks.heat_blocks(material),
            roc=blocks.roc_blocks(material),
            shots=blocks.shot_blocks(material),
            scores=blocks.score_blocks(material),
            ranks=blocks.rank_blocks(material),
            cost=costs.cost_blocks(material),
            spent=costs.cost_table(material),
            galleries=galleries(material, ImageSource(registry, data_root)),
            protocols=provenance.protocol_sheets(material),
            environments=provenance.environment_sheets(material),
            datasets=provenance.dataset_lines(material),
            copies=provenance.several_copies(material),
            methods=provenance.method_lines(material),
        )
    )


def _environment(material: Material) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    environment.filters["heading"] = lambda name: heading(material.metrics[name])
    environment.filters["figure"] = lambda value, name: figure_words(material.metrics[name], value)
    environment.filters["interval"] = lambda ends, name: interval_words(material.metrics[name], ends)
    environment.globals["MISSING"] = MISSING
    return environment


def _shown(value: Any) -> Any:
    """What stands in the page: texts of others without what acts on it. Ready markup, which is ours, stays."""
    return printable(value, lines=True) if type(value) is str else value


def _asset(name: str) -> str:
    return (HERE / "assets" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """A Content-Security-Policy that allows no requests and only this style and this script."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _period(material: Material) -> str:
    days = distinct(sorted(cell.record.started[:10] for cell in material.cells if cell.record.started))
    return " to ".join(distinct([days[0], days[-1]])) if days else ""

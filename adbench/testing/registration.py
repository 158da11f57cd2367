"""Cost of registering a plugin: measured in a fresh interpreter, for detectors and datasets alike."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from adbench.testing.checks import CheckFailed, CheckSkipped

if TYPE_CHECKING:
    from adbench.registry.cards import Registry

HEAVY = (
    "torch", "torchvision", "timm", "open_clip", "anomalib", "lightning", "transformers", "tensorflow", "jax",
    "pandas", "sklearn", "scipy", "skimage", "cv2", "matplotlib",
)  # fmt: skip
MEND_IMPORT_COST = (
    "Keep cards and hooks in a separate module and name the heavy module in `card.factory`, which is imported only to run."
)
MOST_SECONDS = 0.5
TIME_LIMIT = 120
PROGRAM = """
import json, os, sys, time
sys.path[:] = json.loads(sys.argv[2])
os.environ.pop("ADBENCH_PLUGINS", None)
import numpy, adbench
from importlib.metadata import EntryPoint
from adbench.registry.loading import load_plugins
before, start = set(sys.modules), time.process_time()
(plugin,) = load_plugins([EntryPoint("plugin", sys.argv[1], "adbench")]).loaded
seconds = time.process_time() - start
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps({"seconds": seconds, "new": sorted(new), "error": plugin.error}))
"""


def cheap_to_register(bench: Any) -> None:
    """Registering the plugin imports neither torch nor anything else heavy."""
    if not bench.plugin:
        raise CheckSkipped("the card was passed directly, not given by a plugin")
    command = [sys.executable, "-c", PROGRAM, bench.plugin, json.dumps(sys.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT)
    if done.returncode:
        raise CheckFailed(f"importing {bench.plugin} by itself fails: {done.stderr.strip().splitlines()[-1]}")
    cost = json.loads(done.stdout.splitlines()[-1])
    if cost["error"]:
        raise CheckFailed(f"importing {bench.plugin} by itself fails: {cost['error']}")
    heavy = [name for name in HEAVY if name in cost["new"]]
    if heavy:
        raise CheckFailed(f"importing {bench.plugin} imports {', '.join(heavy)}")
    if cost["seconds"] > MOST_SECONDS:
        raise CheckFailed(f"importing {bench.plugin} takes {cost['seconds']:.1f} s of CPU time")


def plugin_of(registry: Registry, hook: str, name: str) -> str:
    """The module named by the entry point of the plugin whose hook gave the card of this name, or ""."""
    for loaded, brought in registry.plugins.results(hook):
        cards = [card.name for card in brought]
        if name in cards or f"{name.partition(':')[0]}:" in cards:
            return registry.plugins.entries[loaded.name]
    return ""

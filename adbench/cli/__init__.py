"""The `adbench` command: one module a subcommand, thin over the Python API. Nothing heavy is imported at module level."""

"""The `adbench` command: one module per subcommand, thin over the Python API. Nothing heavy is imported at module level."""

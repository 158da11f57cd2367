"""Did an AUC get worse? Baselines, verdicts, and how small a loss would be seen."""

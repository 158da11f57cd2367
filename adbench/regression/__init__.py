"""Did an AUC get worse? Baselines, verdicts, and the smallest loss that would be found."""

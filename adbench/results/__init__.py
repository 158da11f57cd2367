"""What a run keeps: records, scores, maps, and figures computed from them again."""

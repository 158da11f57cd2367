"""The CLIP tower of several methods: loading, prompts, tokens of its levels, and maps."""

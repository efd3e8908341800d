"""Benchmarks: one JSON line a figure; ratios are measured side by side in the same run."""

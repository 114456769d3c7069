"""The running systems, as their metrics, logs, traces and alerts show them."""

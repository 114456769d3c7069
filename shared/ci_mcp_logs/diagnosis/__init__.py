"""The diagnosis of a failed build: order and class of its failures, their evidence, and the answer. Pure."""

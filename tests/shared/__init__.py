"""Tests of what stands in the folder of this name."""

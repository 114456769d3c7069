"""The main job, shown: from a red build to the line of its log that matters, on the simulator."""

"""The one room that knows Drone by name: the options for it, and what `doctor` checks of it."""

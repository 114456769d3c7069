"""A Drone to try things on and to test against; see `app.create_app`, `world.World` and `scenario.load`."""

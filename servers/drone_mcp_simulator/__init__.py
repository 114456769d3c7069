"""A simulated Drone server for trials and tests; see `app.create_app`, `world.World` and `scenario_loading.load`."""

"""Changes in Jenkins, behind the guard: trigger, rebuild and stop builds, cancel queue items."""

"""The Jenkins server: jobs, builds, logs, artifacts and the queue of a Jenkins."""

"""What several tools use: builds, steps, their logs, and how answers write them."""

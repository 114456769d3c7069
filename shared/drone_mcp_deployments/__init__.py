"""Deployments of builds and previews of branches: what runs where, and how one is planned, through the guard."""

"""Where a deployment meets a symptom: what began to go wrong, and after which deployment."""

"""A simulated Jenkins, to try the server on and to test against; held against the answers of a real Jenkins 2.579."""

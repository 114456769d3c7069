"""The data of Jenkins' JSON API, typed, by subject."""

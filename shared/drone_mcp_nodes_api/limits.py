"""The limits that the daemon and its callers have in common."""

LARGEST_FILE = 16 * 1024 * 1024  # bytes of a file that is pushed or pulled, in one message
LARGEST_MESSAGE = LARGEST_FILE + 1024 * 1024
LARGEST_SECRET = 511_999  # bytes (containers/common, pkg/secrets/secrets.go: maxSecretSize)

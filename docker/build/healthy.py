"""Checks the health of the service in this container: exits with 0 if it answers 200.

healthy.py PORT PATH
"""

import http.client
import sys

PATIENCE = 4  # seconds

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=PATIENCE)
connection.request("GET", sys.argv[2])
sys.exit(connection.getresponse().status != http.HTTPStatus.OK)

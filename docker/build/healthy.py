"""What an image's health check runs: ends with 0 if the service in this container answers that all is well.

healthy.py PORT PATH
"""

import http.client
import sys

PATIENCE = 4  # seconds

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=PATIENCE)
connection.request("GET", sys.argv[2])
sys.exit(connection.getresponse().status != http.HTTPStatus.OK)

"""Jenkins' HTTP API, on `ci_mcp_http`: typed models, names, console logs, and the meaning of responses.

names            jobs and builds as people write them; the paths of requests
models           the data of answers
artifacts        requests for the bytes of an artifact
console          console logs, in the two forms in which Jenkins sends parts of them
pages, refusals  Jenkins' HTML pages, and the error that a response means
errors           Jenkins as a service
"""

"""The front of a server: it answers a client's first questions from a file, and becomes the server at the first other.

A client starts all servers of a role at once and sends its model's first request a second later, with the tools that it
knows by then. Importing the SDK takes as long for one server alone. So the process answers the handshake and the lists
from `surface.json` of the server's package, with the standard library alone, and loads the server only when a message
comes that the file cannot answer: a tool call, a resource, anything odd.

The client cannot tell the two apart. What the front has answered is sent once more to the server, whose second answers
are held back (`taking_over`), and everything from the first message that it could not answer goes to the server unread.

    start         the process: from its start to its becoming the server
    surface       the file of answers: read, and narrowed to the tools that the role offers
    conversation  which message gets which answer: pure
    shapes        which messages are plain enough to be answered here: pure
    opening       what the server begins with
    taking_over   what the server does not say twice: pure
    recording     the file of answers, made from the server itself
"""

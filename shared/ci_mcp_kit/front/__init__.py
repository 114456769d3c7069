"""The front of a server: answers the first messages of a client from a file, and loads the server for any other.

A client starts all servers of a role at once and sends its model's first request a second later, with the tools that it
knows by then. Importing the SDK takes as long for one server alone. So the process answers the handshake and the lists
from `surface.json` of the server's package, with the standard library alone, and loads the server only for a message
that the file cannot answer: a tool call, a resource, anything unusual.

The client cannot distinguish the two. The messages that the front has answered are sent once more to the server, whose
answers to them are held back (`takeover`); all messages from the first unanswered one on go to the server alone.

    start         the process, from its start until it becomes the server
    surface       reads the file of answers, and narrows it to the tools that the role offers
    conversation  finds the answer to a message: pure
    message_checks  recognises the messages that may be answered here: pure
    takeover      the state that the server takes over; replays the conversation and holds its repeated answers back
    surface_writer  makes the file of answers from the server itself
"""

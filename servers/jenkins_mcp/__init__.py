"""The Jenkins server: jobs, builds and the queue of one or several Jenkins.

client      Jenkins' HTTP API: names, models, calls, and the meaning of its answers
connection  the client of one Jenkins within its scope, and access to all that are configured
jobs        which jobs there are, and how one stands
builds      how a build stands
"""

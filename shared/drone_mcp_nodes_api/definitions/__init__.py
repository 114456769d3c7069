"""Service definitions: which containers a service has, as a person writes them into a TOML file.

naming    names of containers, versions of images
notation  the short notations in a definition: ports, volumes, durations
model     a definition as data, with all its rules
problems  what is wrong with a definition, in words
files     TOML files: read, written with comments kept, a folder of them
messages  definitions as messages of the gRPC service
"""

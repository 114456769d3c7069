"""The text of CI logs, for any CI server: reading, searching, distilling and comparing them.

A log is taken apart once, into a `LogText`; everything else works on its lines and their numbers.

Modules:
    log_text        LogText: the log of one step
    terminal        raw lines -> lines as a terminal shows them
    timestamps      time stamps at the beginning of lines
    numbered_lines  Row, Writer: lines with their numbers, within a budget
    framing         the two random marks around log text in an answer
    windows         the lines from an end of a log, around a line or from a cursor
    cursors         a place in a log, as text
    search          matches of a pattern; match_lines writes them, timed_search limits it
    distill         the lines that say why a step failed
    evidence        signature, headline and places in files of such an excerpt; excerpt_lines writes it
    comparison      the lines that the log of another run lacks
    signature       a short name for a failure
    answers         the text of an answer, and its size
"""

"""The text of CI logs, for any CI server: reading, searching, distilling and comparing them.

A log is taken apart once, into a `LogText`; everything else works on its lines and their numbers.

Modules:
    log_text        LogText: the log of one step, as a terminal shows its raw lines
    ci_markup       time stamps and other forms that CI systems write around the words of tools
    line_budget     Row, Writer: lines with their numbers, within a budget, between two random marks
    windows         the lines from an end of a log, around a line or from a cursor
    cursors         a place in a log, as text
    search          matches of a pattern; match_rendering writes them, timed_search limits it
    distill         the lines that say why a step failed
    evidence        headline and places in files of such an excerpt, and its lines as written
    failure_signature  a short name for a failure that is the same when it happens again
    comparison      the lines that the log of another run lacks
    failure_signs   the class of a failure by what tools print
    diagnosis       the verdicts on all failures of a build, and the answer
    answer_text     the text of an answer, and its size
"""

"""The constants of the distiller that were tuned, next to those that were learned (`model.json`).

`benchmarks/logs/sensitivity.py` measures what it costs to move one while the others stay. Behind each constant are the
figures that change by .002 or more where it has another value; those without further words are of LogChunks at 2,000
tokens, the first of them recall, and "flat" means that none changes. They were measured when the constant was chosen,
with the model of that time: compare them with recall .895, full .842 and a median of 694 tokens, at 500 tokens recall
.766 and hit .963, and on CiDiff with the good log recall .958; `PASSAGE` and `EVERYWHERE`, measured with today's model,
with a median of 887 tokens, at 500 tokens recall held out .760 and hit held out .973, and on LogDx recall .729. One log
of LogChunks is .002, one of CiDiff up to .07, and one of LogDx up to .12, so that such differences are chance.

Where a comment names no other way, a constant was chosen by looking at the figures of all folds while the distiller was
written, and no record of these runs was kept. So the figures of held out repositories are fair as to the learned
weights and the anchors, but not as to these constants. Some would do better with another value here. They were left as
they are, because the differences are small and the model was learned with these.
"""

from __future__ import annotations

from typing import Final

# The pass over the log: which lines with telling words are taken (`indicative_lines`).

# Lines with any telling word, from the end of the log backwards. 400 took more time and evidence off the budget.
WEAK_QUOTA: Final = 170  # 85: .891, full .832, at 500 hit .968; 340: full .844
# Lines that are looked at for these, of which warnings do not count. Bounds the time.
WEAK_READ: Final = 2000  # 1000, 4000: flat
# Further lines with strong words, from the beginning on.
STRONG_QUOTA: Final = 150  # 75: .891, full .838, at 500 recall .768; 300: full .840, at 500 hit .961
# Lines with strong words that are looked at for these. Bounds the time.
STRONG_READ: Final = 600  # 300: .892, full .838, at 500 recall .763, hit .959; 1200: flat
# Bytes from a strong word on: lines that are equal in these are taken as saying the same ...
WORDING: Final = 16  # 8: full .836; 32: .892, full .838, at 500 recall .764, hit .959
# ... and so many of each are kept.
ALIKE: Final = 4  # 2: .893, full .836; 8: .893, full .840, at 500 hit .961
# Lines whose telling word is "warning", the last ones: they are many, and hardly ever the cause.
WARNINGS: Final = 12  # 6: flat; 24: .897, full .844, at 500 recall .768

# Windows: which lines around hits are looked at (`candidates`). All in lines, but for the named ones.

# Before and after the line at which the failing command ended.
BEFORE_END: Final = 25  # 12: full .840; 50: .893, full .840, at 500 recall .764
AFTER_END: Final = 5  # 2, 10: flat
# Lines at the end of the log that may all be clean-up.
LONGEST_CLEANUP: Final = 80  # 40, 160: flat
# Before the log's last line.
BEFORE_LAST: Final = 20  # 10: .891, full .836; 40: .890, full .838, 804 tokens, at 500 recall .762, hit .961
# No further hits get a window from here on. Bounds the time; with more lines, evidence drowns in them.
MOST_LINES: Final = 400  # 200: .882, full .817, at 500 hit .953, CiDiff .960; 800: .884, full .822, at 500 hit .966
# Lines up to the failing command's end whose shapes are counted, and how many of those with a shape of their own are
# looked at, the last ones.
SHAPES_READ: Final = 4000  # 2000: at 500 hit .959
RARE: Final = 40  # 30: at 500 recall .766; 80: LogDx .608
# Lines that the good log lacks, from each end of the log.
NEWS: Final = 60  # 30: CiDiff .915; 120: flat
# Factor on the chance of a hit for each likelier one of its family.
REPEATED_HIT: Final = 0.9  # .45: .875, full .821, at 500 recall .760, hit .949; .95: full .848
# Chance up to which a hit gets no window. Found for speed, at .1: recall was the same or better.
LEAST_HIT: Final = 0.12  # .06: full .848; .56: .850, full .803, 620 tokens, at 500 recall .760, hit .925, CiDiff .926
# Before a hit, and before one that is the head of a block.
# 2: .887, full .836, at 500 recall .764, hit .961; 8: .885, full .830, at 500 recall .761, hit .961
BEFORE_HIT: Final = 4
BEFORE_HEAD: Final = 3  # 1: .893, full .840; 6: flat
# After a hit, and at most where its anchor tells the length of its block.
AFTER_HIT: Final = 8  # 4: .884, full .822, at 500 hit .966; 16: .877, full .815, at 500 recall .761, hit .947
LONGEST_BLOCK: Final = 40  # 20, 80: flat
# A window whose last lines, so many, score well goes on once by a stride of lines, and inside a difference or a table
# by so many further strides. To go on by further strides anywhere was no better, and looked at more lines.
LAST_LINES: Final = 3  # 1: .891, full .836; 6: full .838
STRIDE: Final = 6  # 3: full .844, at 500 recall .773, hit .968; 12: full .840
STRIDES: Final = 8  # 4, 16: flat
# Of the last lines, so many with a cause or a detail make a list of findings or frames.
LISTED: Final = 2  # 1, 3: flat
# Lines above a hit among which the beginning of its command is looked for.
COMMAND_REACH: Final = 40  # 20, 80: flat
# Part of the best worth in a command's output that the line has that began it.
COMMAND_SHARE: Final = 0.5  # .25, .75: flat
# Windows so close to each other are read as one, if the lines between them are no longer than so many bytes.
HOLE: Final = 12  # 6: full .836; 24: .882, full .822, at 500 recall .764, hit .961
WIDE: Final = 200  # 100, 400: flat

# News: the chances of lines beside a good log (`distiller`).

# Exponent on the chance of a line that the good log lacks, and factor on that of a line that it has.
NEW_LINE: Final = 0.5  # .25: flat; .75: CiDiff .940
KNOWN_LINE: Final = 0.25  # .125: CiDiff .926; .625: flat

# The worth of a line beyond its chance (`choose.weigh`).

# Factor for each time that a line was said before: in a passage of so many lines that is the same word for word, or at
# least so many lines above, digits aside. Nearer, a single line may say the same for good reason, as stack frames do.
SAID_BEFORE: Final = 0.5  # .35: .893, full .838; .85: at 500 recall .763, hit .953
PASSAGE: Final = 6  # 3: 939 tokens, LogDx .735; 5, 8: flat; none: at 500 recall held out .751, LogDx .684
WELL_ABOVE: Final = 30  # 15: at 500 recall .762; 60: full .840, at 500 recall .759, hit .945
COUNTED_REPETITIONS: Final = 4  # 2: at 500 hit .955; 8: flat
# A line worth less says nothing: where it stands above, the same words were part of passing output.
WORTHLESS: Final = 0.02  # .01: flat; .51: full .834, at 500 hit .955
# Factor for a line whose like begins in so many parts of the log: a build says it, whether it fails or not.
EVERYWHERE: Final = 6  # 5: LogDx .692; 8: at 500 hit .959, own failures in the middle .988, LogDx .721
SAID_EVERYWHERE: Final = 0.5  # .3: .901; 1: at 500 new-mid .810
# Factor for each line above with the same anchor, of which so many are counted.
# .485: .863, full .793, at 500 recall .714, hit .959, CiDiff .922; .985: full .846, at 500 recall .769
SAME_FAMILY: Final = 0.97
COUNTED_OF_FAMILY: Final = 40  # 20: full .844, at 500 recall .764, CiDiff .962; 80: flat
# Factor for a line behind one after which a workflow only cleans up.
BEHIND_END: Final = 0.05  # .15: 764 tokens
# The least worth of a summary this near before the failing command's end, and of the line at which it ended.
LAST_SUMMARY: Final = 40  # 20, 80: flat
SURE: Final = 0.5  # .25: full .838; .75: at 500 hit .961
# The least worth of the first line of each telling anchor.
# .425: full .836, at 500 recall .760, hit .953; .925: .893, full .838, at 500 recall .769, hit .968
FIRST_OF_FAMILY: Final = 0.9

# How the budget is spent (`choose.choose`).

# Part of a line's value that it has as part of a stretch; the rest it has by itself, as all has in a small budget.
STRETCH: Final = 0.3  # .15: .888, full .821; .65: .892, full .846, CiDiff .961
# Worth from which a line is evident by itself, and the part of it that such a line keeps outside the likeliest stretch.
EVIDENT: Final = 0.7  # .4, .9: flat
OUTSIDE: Final = 0.3  # .1, .6: flat
# Worth below which a line is not shown, however much room there is.
LEAST_SHOWN: Final = 0.05  # .03: 811 tokens; .1: .898
# Tokens of the last lines before the failing command's end, which are always shown, and their share of a small budget.
LAST_WORDS_COST: Final = 150  # 75, 300: flat
LAST_WORDS_SHARE: Final = 0.06  # .0375, .5375: flat
# Tokens of these in an answer that is not likely complete at its short length: where the failure cannot be recognised,
# the end of the command tells most.
UNSURE_LAST_WORDS_COST: Final = 300  # 200: .902, LogDx .644
# How much a line's price counts against its chance, and the price, in tokens, below which it does not.
THRIFT: Final = 0.3  # .15: .893, full .836, at 500 hit .955; .65: full .840, at 500 recall .750, hit .945, CiDiff .961
CHEAPEST: Final = 6.0  # 3: at 500 recall .760, hit .961; 12: full .838, at 500 recall .763, hit .951
# Lines; a shorter hole between two shown lines is filled.
FILLED_HOLE: Final = 4  # 2: .892, full .828, at 500 recall .758, hit .959; 8: full .838, at 500 recall .764, hit .955
# An answer of so many tokens ends if it is likely complete. The goal was a median of 700 tokens, and the chance was
# then set to the one with which the median stays below (docs/diagnosis.md has the figures in between).
# 350: .891, full .832, 950 tokens, at 500 recall .764, hit .935; 1400: .893, full .844, 1,158 tokens
SHORT_ANSWER: Final = 700
LIKELY_COMPLETE: Final = 0.84  # .385: .851, full .799, 669 tokens, CiDiff .932; .885: .897, 936 tokens
# Chance of being complete at which any answer ends.
# .485: .749, full .643, 303 tokens, at 500 recall .702, hit .913, CiDiff .885; .985: flat
SURELY_COMPLETE: Final = 0.97
# Characters of a line that are shown: this share of the budget's tokens, between the two limits. Shorter ones leave
# room for more lines; the figures do not say what a reader misses of a line that is cut.
# .125: full .852, at 500 recall .779, hit .968, CiDiff .961; .625: at 500 recall .758, hit .957
LINE_SHARE: Final = 0.25
NARROWEST_LINE: Final = 100  # 50: flat; 200: at 500 recall .758, hit .949
WIDEST_LINE: Final = 400  # 200: full .852, CiDiff .961; 800: full .840

"""The only room that writes to Stellar: orders go in, and each is paid once or not at all.

what owners say           service
what is decided, purely   decisions verdicts packing preflight parking; consignments for custodians
what others are asked     acts signing custodians
what is written down      forming pace caps, closing, drafts; postgres puts them behind store
who turns the wheel       engine drains turns, custody
whose money, whose keys   treasuries keys signatures
who lends the numbers     channels founding audits recovery
for others to read        tally
"""

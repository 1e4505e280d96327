"""Truth table of the Tennessee Eastman faults: the points of the loop in which each fault with a known place sits.

Written from the published process description alone, before any monitor was tuned, so that contributions can be judged
against it. Sources: Downs & Vogel 1993 (Computers & Chemical Engineering 17:245), tables 3 to 5 and 8, for the streams
and for faults 1 to 15; Bathelt, Ricker & Jelali 2015 (IFAC-PapersOnLine 48-8:309) for 16 to 19, which the first paper
calls unknown; Chiang, Russell & Braatz 2001, table 8.4, for fault 21. All from memory. Fault 20 has no published place.

A loop is the valve, the flow or temperature it governs, and the instruments on the piece of equipment that the fault
acts on. Where a feed's composition is disturbed these are that feed, its ratio partner and the analysis of the
disturbed components. Points are named XMEAS1 to XMEAS41 and XMV1 to XMV11.
"""

# The rule, fixed with the table: the three points that the finding names are those with the largest contribution summed
# over the six samples in a row that announce it. The fault counts as located when one of the three is in its loop.
ANNOUNCING_SAMPLES = 6
NAMED_POINTS = 3

NOT_SEEN_BY_ANYONE = (3, 9, 15)  # reported apart: no published method sees them at an honest false-alarm rate

REACTOR_COOLING = frozenset({"XMV10", "XMEAS9", "XMEAS21"})
CONDENSER_COOLING = frozenset({"XMV11", "XMEAS11", "XMEAS22"})
STRIPPER_HEATING = frozenset({"XMV9", "XMEAS18", "XMEAS19"})
A_FEED = frozenset({"XMV3", "XMEAS1"})
D_FEED = frozenset({"XMV1", "XMEAS2"})
C_FEED = frozenset({"XMV4", "XMEAS4"})
PURGE = frozenset({"XMV6", "XMEAS10"})

LOOPS: dict[int, frozenset[str]] = {
    1: C_FEED | A_FEED | {"XMEAS23", "XMEAS25"},  # A/C ratio of stream 4; stream 1 makes up for the A
    2: C_FEED | PURGE | {"XMEAS24", "XMEAS30"},  # B in stream 4 leaves by the purge alone
    3: D_FEED,  # D feed temperature
    4: REACTOR_COOLING,  # cooling water inlet temperature, step
    5: CONDENSER_COOLING,  # cooling water inlet temperature, step
    6: A_FEED,  # feed lost
    7: C_FEED,  # header pressure
    8: C_FEED | A_FEED | PURGE | {"XMEAS23", "XMEAS24", "XMEAS25"},  # A, B and C of stream 4
    9: D_FEED,  # D feed temperature, random
    10: C_FEED | STRIPPER_HEATING,  # C feed temperature; stream 4 enters at the foot of the stripper
    11: REACTOR_COOLING,  # cooling water inlet temperature, random
    12: CONDENSER_COOLING,  # cooling water inlet temperature, random
    13: REACTOR_COOLING | {"XMEAS7", "XMEAS8"},  # reaction kinetics: the reactor
    14: REACTOR_COOLING,  # cooling water valve sticks
    15: CONDENSER_COOLING,  # cooling water valve sticks
    16: STRIPPER_HEATING,  # heat transfer of the stripper
    17: REACTOR_COOLING,  # heat transfer of the reactor
    18: CONDENSER_COOLING,  # heat transfer of the condenser
    # four valves stick: compressor recycle, separator underflow, stripper underflow, stripper steam
    19: frozenset({"XMV5", "XMEAS5", "XMEAS20", "XMV7", "XMEAS12", "XMEAS14", "XMV8", "XMEAS15", "XMEAS17"})
    | STRIPPER_HEATING,
    21: C_FEED,  # valve of stream 4 held at its steady position
}

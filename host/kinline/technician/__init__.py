"""The field technician's tool: from a bare board to a working telephone. `kinline tech` is its face.

Each verb is a file. What goes wrong is a `Trouble` with exactly one next step; what was done is noted on the board's
work sheet, so that an interrupted verb is simply run again.
"""

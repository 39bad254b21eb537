# GENERATED from hw/board.toml by hw/generate.py (make gen). Do not edit.
OUTPUTS = ((16, 0), (21, 0), (35, 0), (36, 0))
OPEN_DRAINS = ((38, 1), (39, 1), (40, 1), (41, 1))

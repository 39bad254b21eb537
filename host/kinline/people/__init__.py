"""What holds for people and their lists, pure: when a list may change, what a review may decide, how a table is read."""

"""The collector: takes events in over HTTP in Segment's words, durably, and hands them to the lake."""

"""The vendors, each in a folder of its own; ``registry`` lists them and opens their clients."""

"""Read all customer-service tables at one moment, compare, publish all or nothing."""

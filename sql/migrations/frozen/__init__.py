"""What only migrations use. Frozen: a change here would change what an old revision does."""

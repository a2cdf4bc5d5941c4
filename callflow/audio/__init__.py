"""Sound in: every source gives the same blocks, 16 kHz, one array for the agent and one for the customer."""

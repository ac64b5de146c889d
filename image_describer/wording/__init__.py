"""Turning a Description into the sentences that are spoken and the records that are saved."""

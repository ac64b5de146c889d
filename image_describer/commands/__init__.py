"""One file for each subcommand; ``cli`` imports it when it is asked for."""

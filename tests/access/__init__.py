"""What a login, or an argument, can do: every one of them, from the catalog."""

"""What a package can add to callflow, each in a module of its own."""

"""Images on this machine: built, kept, and made into environments and command lines."""

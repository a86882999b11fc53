"""The reader surface: unlock, read, see the library, sign out. Nothing here is cached."""

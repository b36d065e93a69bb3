"""Endpoints: servers behind a name, and the calls to them."""

"""Delivery of state changes to rules and their targets, and schedules."""

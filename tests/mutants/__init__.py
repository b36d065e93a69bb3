"""Small faults put into the program one at a time, to see whether the tests nearest to them notice."""

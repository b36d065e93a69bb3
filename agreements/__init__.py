"""What rooms agree on and none of them owns: names that each must spell alike. Imports nobody."""

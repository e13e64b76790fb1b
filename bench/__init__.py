"""What Tollhouse costs: `make bench` measures and prints, on the machine it runs on."""

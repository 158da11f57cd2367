"""The report: one HTML file that holds everything, needs no network and runs only its own script."""

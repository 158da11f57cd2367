"""The report: one HTML file that holds everything, needs no network and runs no script but its own."""

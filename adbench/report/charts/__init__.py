"""Charts as inline SVG: one module per chart, coloured by the classes of `assets/report.css`."""

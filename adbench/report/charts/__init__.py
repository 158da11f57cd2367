"""Charts as inline SVG: one module a chart, coloured by the classes of `assets/report.css`."""

"""One module per part of the golden data: each feeds its inputs through the product's code and compares."""

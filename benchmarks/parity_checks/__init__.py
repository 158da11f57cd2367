"""One module a part of the golden data: each feeds its inputs through the product's code and compares."""

"""The products and gold standards in the forms that other programs read, and what is said of them."""

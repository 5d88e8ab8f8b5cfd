"""What a picture's file holds beside its pixels, and how it goes from one file format to another."""

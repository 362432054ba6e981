"""What tools/bind is made of: a reader of capi/gyre.h, and a writer for each language."""

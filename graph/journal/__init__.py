"""The journal: what each mark of a store brought, as one small binary entry that is written with the facts and read by copies and by the frame."""

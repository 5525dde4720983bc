"""Where rows come from: files of each format, folders of parts, tables of a database; all within limits."""

"""One exchange on its way to the record: its row, its bodies, its log lines."""

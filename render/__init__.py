"""Show it: frames to figures, grids, sheets, pages and JSON rows."""

"""Ask for it: what fills a page, one module a page."""

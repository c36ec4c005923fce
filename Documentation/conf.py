# SPDX-License-Identifier: GPL-2.0
"""How Sphinx builds these pages; scripts/docs does it."""

project = "samplefs and locktrack"
html_theme = "alabaster"
html_theme_options = {"description": "Filesystems and their locks, in Rust", "page_width": "60em"}
html_show_copyright = False
# Code without a language of its own is a terminal's.
highlight_language = "none"

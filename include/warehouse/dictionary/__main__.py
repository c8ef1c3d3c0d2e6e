"""Write ``docs/dictionary.md`` and the datasets of dashboards anew: ``make dictionary``."""

from __future__ import annotations

import sys

from include.warehouse.dictionary import datasets, entries, page

if __name__ == "__main__":
    dictionary = entries.read()
    page.PAGE.write_text(page.render(dictionary), encoding="utf-8")
    for path, text in datasets.render_all(dictionary):
        path.write_text(text, encoding="utf-8")
    if dictionary.problems:
        sys.exit("\n".join(dictionary.problems))

"""The checker of `deras check`: finds, before a program runs, what goes wrong in training code.

It reads programs as text and never imports or runs them, so everything here stands on `ast` and the
rest of the standard library. Reading order: `findings.py` (what a rule and a finding are),
`source.py` and `comments.py` (files, notebooks, `# deras: ignore`), `scopes.py` (which name means
what), `libraries.py` and `kinds.py` (tensor, variable, model, ...), `models.py` (what a model is
made of), `traced.py` (which functions are traced), `tapes.py` (what a gradient can reach), `rules/`
(one function for each code), `runner.py` (all of it over paths), `report.py` (text, JSON, SARIF,
pages).
"""

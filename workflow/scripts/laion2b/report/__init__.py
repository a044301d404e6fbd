"""The report: what stands in a working directory, as one page that needs nothing else.

`records` reads what jobs left, `sample` looks at embeddings, `texts` at captions and URLs. The `about_` modules decide
what is shown of it, as the `exhibits` that `sections` puts in order; `charts` draws, and `page` fills `template.html`.
"""

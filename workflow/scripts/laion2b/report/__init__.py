"""The report: what a working directory holds, as one page that needs nothing else.

`gather` reads what jobs left. `sample` reads embeddings, `texts` captions and URLs, and `examples` draws rows with
their neighbors. The `about_` modules decide what is shown, as `exhibits`. `sections` puts these in order, under the
`header`. `charts` says how charts look, and `page` fills `template.html`.
"""

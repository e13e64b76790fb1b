"""The page: what a worker shows at `/` when a token is set, and `tollhouse top`.

queries.sql is all that is asked, as a monitor; reader.py asks it into a snapshot of rows;
verdict.py says in a sentence how things stand, stops.py what is stopped and what ends it,
runs.py what the last calls had in common. render.py and sections/ turn it into HTML through
markup.py, which escapes whatever is not markup; auth.py is the token; server.py the routes.
"""

__all__: list[str] = []

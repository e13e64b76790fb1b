"""The page that a worker serves at `/` when a token is set, and what `tollhouse top` shows.

queries.sql is all that is asked, as a monitor; snapshot.py asks it. words.py, stops.py and
verdict.py put a snapshot into words, and top.py and this page both use them. html.py is the page,
through markup.py, which escapes whatever is not markup; server.py is the routes and the token.
"""

__all__: list[str] = []

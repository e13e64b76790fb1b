"""The made-up companies, the channels that they buy, and the half year that is told of them."""

from datetime import date, timedelta

__all__ = ["CHANNELS", "COMPANIES", "SEED", "WEEKS", "week"]

SEED = 20260831
"""What makes the same data every time."""
COMPANIES: dict[str, tuple[float, tuple[str, ...]]] = {
    "alderbrook-outdoor": (1.0, ("maria.keller", "tom.okafor", "ines.duarte")),
    "harborline-travel": (1.7, ("sofia.rossi", "david.novak", "grace.kim")),
    "pinecrest-foods": (0.6, ("jonas.weber", "amira.haddad", "lucy.chen")),
    "quietwater-clinics": (0.4, ("omar.farah", "julia.brandt")),
    "velora-beauty": (1.2, ("nina.petrova", "sam.oconnor", "lea.martin")),
}
"""Size and users by tenant."""
CHANNELS = {
    "search": (21_000, 18.0, 0.034, 0.052),
    "social": (16_500, 9.5, 0.012, 0.031),
    "email": (3_200, 2.4, 0.009, 0.044),
    "display": (8_400, 4.1, 0.004, 0.018),
    "video": (12_800, 13.5, 0.006, 0.022),
    "tv": (27_000, 21.0, 0.002, 0.060),
}
"""Weekly spend in USD, cost per thousand impressions, clicks per impression, orders per click."""
WEEKS = 26
_FIRST_WEEK = date.fromisocalendar(2026, 10, 1)


def week(number: int) -> str:
    """Return the name of a week, the first being 0: `2026-W10`."""
    year, in_year, _ = (_FIRST_WEEK + timedelta(weeks=number)).isocalendar()
    return f"{year}-W{in_year:02d}"

"""All tamperings."""

from . import claims, configuration, consistent, figures, form, hardware, pairs, recipe, text
from .catalogue import Tampering

TAMPERINGS: tuple[Tampering, ...] = tuple(
    tampering
    for module in (figures, pairs, configuration, hardware, form, text, claims, recipe, consistent)
    for tampering in module.TAMPERINGS
)

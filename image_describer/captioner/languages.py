"""Which of a model's languages to describe in, where nobody asks for one."""

from collections.abc import Sequence

from image_describer import i18n
from image_describer.i18n import ENGLISH, _


def default_language(languages: Sequence[str]) -> str:
    """Return the program's language if it is one of a model's ``languages``, else English."""
    return i18n.language() if i18n.language() in languages else ENGLISH


def excuse(languages: Sequence[str]) -> str:
    """Return the sentence that says why descriptions are not in the program's language; "" if they
    are.
    """
    if i18n.language() in languages:
        return ""
    return _("This model can't describe pictures in {language}, so it does in English.").format(
        language=i18n.NAMES.get(i18n.language(), i18n.language())
    )

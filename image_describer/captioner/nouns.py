"""Which words of captions name things; the others are listed, as there are fewer of them."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words in captions that name nothing that has a position.
FUNCTION_WORDS = _words("""
    a an the and or but of in on at by to with without from into onto over under up down out off
    through across along around near next behind beside between above below against toward
    towards outside inside front while as for after before past is are was be being been has
    have having that this these those it its he she they them his her their him who which there
    what some several many other another each one two three four five six seven eight nine ten
    something each both all very while not no it's 's just where like can you i if so than when
    about atop among alongside underneath beneath within together away nearby outdoors indoors close
    ready here still also only himself herself itself themselves someone various lots few multiple
""")  # untranslated
QUALITIES = _words("""
    black white red blue green yellow orange pink purple brown tan gray grey blond blonde dark
    light bright colorful colored young old little small large big tall long short older elderly
    wet snowy sandy grassy rocky muddy dirty wooden empty crowded busy high low open other
    different same asian african american male female striped dressed shirtless bare full hot cold
    clean clear sunny cloudy rainy lush narrow wide huge giant nice cute pretty fresh flat plain
    modern vintage fancy messy broken blurry rural urban outdoor indoor public wild alone double
    single electric decorative filled topped parked stuffed surrounded lined decorated painted
    displayed attached perched placed seated stacked mounted gathered tiled cluttered sliced docked
    cooked assorted fenced shaped fried baked loaded wrapped rusted opened tied lit laid made shown
    seen used
""")  # untranslated
ACTIONS = _words("""
    runs run stands stand sits sit jumps jump plays play walks walk rides ride holds hold looks
    look wears wear swims swim climbs climb catches catch does do performs perform leaps leap
    chases chase carries carry throws throw poses pose smiles smile watches watch races race
    skates kicks kick hits hit lies lay lays leans leading digs bites bite chews jumped makes
    make takes take goes go gets get pulls pull pushes push splashes slides fights fight covered
    eats eat prepares prepare cooks shows contains features includes rests waits flies fly grazes
    graze drives travels serves sleeps talks stares reaches hangs tries says appears uses
""")  # untranslated
NOT_OBJECTS = FUNCTION_WORDS | QUALITIES | ACTIONS
# Nouns that look like participles.
NOUNS_IN_ING = _words("""
    building clothing railing ring string swing king wing ceiling painting crossing landing
    wedding evening morning sling spring thing things lightning marking opening
""")  # untranslated

# Before "of", they say where something is or how much of it there is.
BEFORE_OF = _words("""
    top bottom side middle end corner edge group pair couple bunch lot number row piece kind type
""")  # untranslated


# Words that can't end a caption, as the noun after them would be missing. Prepositions that are
# parts of verbs ("ein Hund sieht sie an") can.
NEVER_LAST = {  # untranslated
    "de": _words("""
        ein eine einem einen einer eines der die das dem den des im am ins vom zum zur beim sein
        seine seinem seinen seiner ihre ihrem ihren ihrer und oder auf mit von für in über unter
        durch hinter neben bei bis gegen ohne zwischen während
    """)
}
BEFORE_VON = _words("""
    Anzahl Art Ecke Ende Gruppe Haufen Menge Mitte Paar Rand Reihe Seite Spitze Stapel Stück Teil
""")  # untranslated


def names_object(name: str, following: str = "", language: str = "en") -> bool:
    """Whether a word of a caption names something that can be seen in one place.

    ``following`` is the next word, if it is known. In German, the nouns begin with capitals; in
    English, the words are in lower case.
    """
    if not any(char.isalpha() for char in name):
        return False
    if language == "de":
        return name[0].isupper() and not (following == "von" and name in BEFORE_VON)
    if following == "of" and name in BEFORE_OF:
        return False
    if name.endswith("ing") and name not in NOUNS_IN_ING:
        return False
    return name not in NOT_OBJECTS

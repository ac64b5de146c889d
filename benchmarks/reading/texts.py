"""What is written in the pictures: written for this benchmark, so it is nobody else's."""

PARAGRAPHS = {
    "en": (
        "The ferry to the outer islands leaves at half past six in the morning, when the harbour "
        "is still dark and the gulls have the quay to themselves. Bring a warm coat, even in June, "
        "because the wind on deck does not care about the calendar.",
        "Our town has had a library since 1874. At first it was one shelf in the back of the "
        "bakery, and people said that the books smelled of cinnamon. Today it holds 41,250 "
        "volumes, and the bakery across the street sells a bun that is named after it.",
        "Keep this device away from water and from small children. Charge it with the cable in the "
        "box only. If the lamp turns red, pull the plug, wait ten minutes and call us; do not open "
        "the case yourself.",
        "When Martha opened the letter she found, instead of the bill she had expected, a map of "
        "the valley and a pressed flower. Nobody had signed it. She put both on the kitchen table "
        "and looked at them until her tea was cold.",
        "Bees can count to four, recognise faces and find the shortest way between several "
        "flowers. A single worker makes about a twelfth of a teaspoon of honey in her whole life, "
        "which should make us eat it more slowly.",
        "The council met on Tuesday to discuss the bridge. Repairs would cost 2.3 million and take "
        "two summers; a new one would cost three times as much. After four hours the members "
        "agreed on one thing: the old paint was a mistake.",
        "To make the dough, mix 500 g of flour with 7 g of salt, then add 320 ml of lukewarm water "
        "and knead for ten minutes. Let it rest under a cloth until it has doubled, which takes "
        "about an hour in a warm kitchen.",
        "An old radio stood on the window sill. On clear nights it could bring in stations from "
        "far away, voices in languages that nobody in the house understood, and between them a "
        "soft whistle like a kettle in another room.",
        "Trains between the airport and the centre run every fifteen minutes. Tickets are sold at "
        "the machines on platform 2 and must be stamped before you board. Dogs travel free if they "
        "fit under the seat.",
        "The museum is closed on Mondays. Groups of more than twelve people are asked to book a "
        "guide at least a week ahead. The cloakroom is free, but please do not leave umbrellas in "
        "the hall.",
        "Wind power gave the county a fifth of its electricity last year, up from a ninth in the "
        "year before. The two new parks off the coast explain most of it; the rest came from a "
        "stormy autumn.",
        "He had walked the path so often that he knew it by its sounds: gravel, then boards over "
        "the stream, then the long grass that whispered at his knees. Only the last gate still "
        "surprised him, because every spring it was somewhere else.",
        "Read the questions first. Answer those that you are sure of and come back to the others. "
        "You have 90 minutes. Dictionaries are allowed, telephones are not, and nobody may leave "
        "the room during the last quarter of an hour.",
        "Rain is expected in the west from noon and everywhere by the evening. Temperatures reach "
        "14 degrees on the coast and 9 in the hills. On Thursday the sun returns, with a light "
        "breeze from the south.",
        "The lighthouse keeper wrote down the weather three times a day for thirty-one years. His "
        "notebooks fill a cupboard in the town hall, and scientists still come to copy them, for "
        "no machine of that time was half as patient.",
        "Members pay 36 a year, families 60. For this you receive four issues of the journal, free "
        "entry to the gardens and a vote at the meeting in March. To cancel, write to us before "
        "the end of October.",
        "A clock that is right only twice a day is still right more often than some people. My "
        "grandfather said so whenever the subject was politics, and he wound his own clock every "
        "Sunday after lunch.",
        "Please return the key to the box beside the door when you leave. Heating should be set to "
        "15 degrees, windows closed and the bins put out by the road. We hope that you enjoyed "
        "your stay and will visit us again.",
    ),
    "de": (
        "Die Fähre zu den Inseln legt um halb sieben ab, wenn der Hafen noch dunkel ist. Nehmen "
        "Sie auch im Juni eine warme Jacke mit, denn der Wind an Deck fragt nicht nach dem "
        "Kalender.",
        "Für den Teig mischen Sie 500 g Mehl mit 7 g Salz, geben 320 ml lauwarmes Wasser dazu und "
        "kneten zehn Minuten. Danach muss er unter einem Tuch ruhen, bis er doppelt so groß ist.",
        "Unsere Bücherei besteht seit 1874. Am Anfang war sie ein Regal hinter der Bäckerei, und "
        "man sagte, die Bücher röchen nach Zimt. Heute sind es 41.250 Bände, und gegenüber gibt es "
        "ein süßes Brötchen, das nach ihr heißt.",
        "Bitte hängen Sie den Schlüssel an das Brett neben der Tür, wenn Sie abreisen. Die Heizung "
        "steht auf 15 Grad, die Fenster sind zu schließen, und der Müll gehört an die Straße.",
        "Am Dienstag beriet der Rat über die Brücke. Die Reparatur würde 2,3 Millionen kosten und "
        "zwei Sommer dauern. Nach vier Stunden waren sich alle nur darin einig, dass die alte "
        "Farbe ein Fehler war.",
        "Der Leuchtturmwärter schrieb einunddreißig Jahre lang dreimal täglich das Wetter auf. "
        "Seine Hefte füllen einen Schrank im Rathaus, und noch heute kommen Forscher, um sie "
        "abzuschreiben.",
        "Das Museum ist montags geschlossen. Gruppen von mehr als zwölf Personen melden sich bitte "
        "eine Woche vorher an. Hunde müssen draußen bleiben, Regenschirme auch.",
    ),
    "fr": (
        "Le bac pour les îles part à six heures et demie, quand le port est encore dans la nuit. "
        "Prenez un manteau, même en juin : sur le pont, le vent ne regarde pas le calendrier.",
        "Notre bibliothèque existe depuis 1874. Au début, c'était une étagère au fond de la "
        "boulangerie, et l'on disait que les livres sentaient la cannelle. Elle compte aujourd'hui "
        "41 250 volumes.",
        "Pour la pâte, mélangez 500 g de farine et 7 g de sel, ajoutez 320 ml d'eau tiède et "
        "pétrissez dix minutes. Laissez-la reposer sous un linge jusqu'à ce qu'elle ait doublé.",
        "Le musée est fermé le lundi. Les groupes de plus de douze personnes sont priés de "
        "réserver une semaine à l'avance. Le vestiaire est gratuit, mais gardez vos clés.",
        "Le conseil s'est réuni mardi au sujet du pont. Les travaux coûteraient 2,3 millions et "
        "dureraient deux étés. Après quatre heures, tous étaient d'accord sur une chose : "
        "l'ancienne peinture était une erreur.",
        "Le gardien du phare a noté le temps trois fois par jour pendant trente et un ans. Ses "
        "cahiers remplissent une armoire à la mairie, où des chercheurs viennent encore les "
        "recopier.",
    ),
}

HEADINGS = {
    "en": (
        "A bridge for two summers",
        "Wind off the coast",
        "The patient notebooks",
        "What bees remember",
        "Bread without hurry",
        "A shelf in the bakery",
        "Rain from noon",
        "How to read the lamp",
    ),
    "de": (
        "Eine Brücke für zwei Sommer",
        "Brot ohne Eile",
        "Geduldige Hefte",
        "Ein Regal in der Bäckerei",
    ),
    "fr": ("Un pont pour deux étés", "Du pain sans hâte", "Une étagère à la boulangerie"),
}

CAPTIONS = (
    "The old bridge in 1931, before it was painted.",
    "A worker bee on clover. Photo: M. Lindqvist",
    "Figure 3: Power from wind, by month",
    "The keeper's notebooks in the town hall",
)

LETTERS = {
    "en": {
        "sender": ("Harbour Savings Bank", "27 Quay Street", "Port Ellery"),
        "to": ("Mrs. Dorothy Haskell", "9 Mill Lane", "Upper Combe"),
        "date": "14 March 2024",
        "subject": "Your new savings account 7730 4128",
        "greeting": "Dear Mrs. Haskell,",
        "close": ("Yours sincerely,", "Peter Lang", "Customer service"),
    },
    "de": {
        "sender": ("Stadtwerke Grünau", "Mühlenweg 12", "38200 Grünau"),
        "to": ("Frau Jutta Weiß", "Lange Straße 48", "38204 Altenfelde"),
        "date": "3. Februar 2025",
        "subject": "Ihre Abrechnung für das Jahr 2024",
        "greeting": "Sehr geehrte Frau Weiß,",
        "close": ("Mit freundlichen Grüßen", "Jürgen Böhm", "Kundendienst"),
    },
    "fr": {
        "sender": ("Mairie de Valbrune", "1, place de l'Église", "63400 Valbrune"),
        "to": ("M. Étienne Garçon", "22, rue des Tilleuls", "63400 Valbrune"),
        "date": "Le 8 décembre 2024",
        "subject": "Objet : travaux dans votre rue",
        "greeting": "Monsieur,",
        "close": ("Veuillez agréer nos salutations.", "Hélène Dufour", "Service des travaux"),
    },
}

RECEIPTS = {
    "en": {
        "head": ("GREEN CORNER MARKET", "118 Station Road", "Tel. 555 0143"),
        "meta": ("12/04/2024 17:42", "Till 3"),
        "items": (
            ("Whole milk 1 l", "1.29"),
            ("Rye bread", "3.45"),
            ("Bananas 0.86 kg", "1.71"),
            ("Cheddar 200 g", "2.99"),
            ("Tomatoes", "2.20"),
            ("Olive oil 500 ml", "6.79"),
            ("Dish soap", "1.85"),
            ("Coffee beans", "8.49"),
            ("Paper towels", "3.10"),
        ),
        "sums": (("SUBTOTAL", "31.87"), ("VAT 7%", "2.23"), ("TOTAL", "34.10"), ("CARD", "34.10")),
        "foot": ("Thank you for your visit!", "Returns within 14 days"),
    },
    "de": {
        "head": ("BÄCKEREI SCHÖNFELD", "Marktplatz 5", "04109 Leipzig"),
        "meta": ("08.11.2024 07:31", "Kasse 1"),
        "items": (
            ("Roggenbrot 750 g", "4,20"),
            ("2 x Brötchen", "0,90"),
            ("Käsekuchen", "2,80"),
            ("Milchkaffee groß", "3,60"),
            ("Quarktasche", "1,95"),
            ("Apfelsaft 0,3 l", "2,40"),
        ),
        "sums": (("SUMME EUR", "15,85"), ("BAR", "20,00"), ("RÜCKGELD", "4,15")),
        "foot": ("Es bediente Sie Frau Krüger", "Vielen Dank und bis bald!"),
    },
    "fr": {
        "head": ("CAFÉ DU CANAL", "14, quai de Jemmapes", "75010 Paris"),
        "meta": ("21/06/2024 12:58", "Table 6"),
        "items": (
            ("2 Crème brûlée", "14,00"),
            ("Salade de chèvre", "12,50"),
            ("Pâtes aux cèpes", "15,90"),
            ("Eau gazeuse", "4,20"),
            ("Thé à la menthe", "3,80"),
        ),
        "sums": (("TOTAL TTC", "50,40"), ("DONT TVA 10%", "4,58"), ("CARTE", "50,40")),
        "foot": ("Merci de votre visite", "À bientôt !"),
    },
}

TABLES = {
    "departures": (
        ("Time", "Destination", "Train", "Platform"),
        ("06:14", "Norwick", "RE 2214", "4"),
        ("06:32", "Port Ellery", "IC 118", "1"),
        ("06:45", "Saint Aubyn", "RB 40312", "7"),
        ("07:02", "Upper Combe", "RE 2216", "4"),
        ("07:20", "Airport", "S 8", "2"),
        ("07:31", "Grantley Hall", "IC 120", "1"),
        ("07:48", "Norwick", "RE 2218", "5"),
    ),
    "wages": (
        ("Name", "Hours", "Rate", "Amount", "Paid"),
        ("Alvarez, Rosa", "38.5", "21.40", "823.90", "yes"),
        ("Bergmann, Tim", "40.0", "19.75", "790.00", "yes"),
        ("Chaudhry, Amina", "22.0", "24.10", "530.20", "no"),
        ("Dufour, Luc", "35.0", "20.00", "700.00", "yes"),
        ("Eriksen, Mette", "12.5", "18.30", "228.75", "no"),
        ("Total", "148.0", "", "3,072.85", ""),
    ),
    "nutrition": (
        ("Nutrition facts", "per 100 g", "per portion"),
        ("Energy", "1580 kJ", "632 kJ"),
        ("Fat", "6.8 g", "2.7 g"),
        ("of which saturates", "1.3 g", "0.5 g"),
        ("Carbohydrate", "62 g", "25 g"),
        ("of which sugars", "14 g", "5.6 g"),
        ("Protein", "11 g", "4.4 g"),
        ("Salt", "0.48 g", "0.19 g"),
    ),
    "plan": (
        ("Uhr", "Montag", "Dienstag", "Mittwoch"),
        ("8:00", "Deutsch", "Mathematik", "Französisch"),
        ("9:45", "Sport", "Geschichte", "Physik"),
        ("11:30", "Musik", "Englisch", "Erdkunde"),
        ("13:15", "Pause", "Chor", "Pause"),
        ("14:00", "Werken", "Biologie", "Kunst"),
    ),
}

CHATS = {
    "en": (
        "Grandma",
        (
            (
                False,
                "Did you find the blue scarf? I think it is on the chair by the window.",
                "9:41",
            ),
            (True, "Yes! It was under the newspaper. I can bring it on Sunday.", "9:43"),
            (False, "Lovely. Bring your appetite as well, there will be plum cake.", "9:44"),
            (True, "How many of us are coming?", "9:46"),
            (False, "Seven, if Oskar's train is on time.", "9:52"),
            (True, "So eight pieces for him then :)", "9:53"),
        ),
    ),
    "de": (
        "Nachbarn Hausnummer 12",
        (
            (False, "Weiß jemand, wann der Schornsteinfeger kommt?", "18:02"),
            (True, "Am Freitag zwischen 8 und 11 Uhr, der Zettel hängt im Flur.", "18:05"),
            (False, "Danke! Dann öffne ich für Familie Özdemir mit.", "18:06"),
            (True, "Sehr nett. Der Schlüssel liegt bei mir im zweiten Stock.", "18:10"),
        ),
    ),
    "fr": (
        "Chloé",
        (
            (False, "Tu as reçu les billets pour samedi ?", "20:15"),
            (True, "Oui, deux places au balcon, à côté de l'entrée.", "20:17"),
            (False, "Parfait, on se retrouve à dix-neuf heures devant le théâtre.", "20:18"),
            (True, "Ça marche. N'oublie pas tes lunettes !", "20:21"),
        ),
    ),
}

CODE = (
    "import csv",
    "from pathlib import Path",
    "",
    "LIMIT = 250",
    "",
    "def read_rows(path: Path, limit: int = LIMIT):",
    '    """Return at most limit rows, as dictionaries."""',
    "    with path.open(newline='') as file:",
    "        rows = list(csv.DictReader(file))",
    "    if len(rows) > limit:",
    "        raise ValueError(f'{path.name} has too many rows')",
    "    return rows[:limit]",
    "",
    "def total(rows, column='amount'):",
    "    return sum(float(row[column]) for row in rows)",
    "",
    "if __name__ == '__main__':",
    "    data = read_rows(Path('orders.csv'))",
    "    print(len(data), total(data))",
)

WEB = {
    "en": {
        "nav": ("Home", "News", "Weather", "Sport", "Contact"),
        "site": "The Ellery Courier",
        "by": "By Nora Whitfield, 18 May 2024",
        "aside": (
            "Most read",
            "Ferry late again",
            "New bakery on Mill Lane",
            "Choir seeks tenors",
            "Lost: one parrot",
        ),
        "foot": "Imprint | Privacy | Subscribe",
    },
    "fr": {
        "nav": ("Accueil", "Actualités", "Météo", "Sports", "Contact"),
        "site": "Le Courrier de Valbrune",
        "by": "Par Hélène Dufour, le 18 mai 2024",
        "aside": (
            "Les plus lus",
            "Le bac encore en retard",
            "Une école rénovée",
            "La chorale recrute",
            "Marché de Noël",
        ),
        "foot": "Mentions légales | Abonnement",
    },
}

SLIDES = {
    "en": (
        "Plans for the second half",
        (
            "Open the reading room on Saturdays",
            "Replace 14 lamps in the east wing",
            "Train six new volunteers by August",
            "Publish the catalogue online",
        ),
    ),
    "de": (
        "Was wir im Frühjahr ändern",
        (
            "Längere Öffnungszeiten am Mittwoch",
            "Neue Stühle für den großen Saal",
            "Führungen für Gehörlose",
            "Weniger Papier, mehr Übersicht",
        ),
    ),
}

FORMS = {
    "en": (
        "Application for a library card",
        (
            ("Surname", "Okonkwo"),
            ("First name", "Daniel"),
            ("Date of birth", "29.08.1991"),
            ("Street", "54 Chapel Hill"),
            ("Town", "Saint Aubyn"),
            ("E-mail", "d.okonkwo@example.org"),
            ("Telephone", "020 7946 0388"),
        ),
        "I have read the rules of the library and accept them.",
    ),
    "de": (
        "Antrag auf einen Bewohnerparkausweis",
        (
            ("Familienname", "Grünwald"),
            ("Vorname", "Käthe"),
            ("Geburtsdatum", "02.05.1958"),
            ("Straße", "Am Brühl 17"),
            ("Wohnort", "Göttingen"),
            ("Kennzeichen", "GÖ-KG 582"),
        ),
        "Ich bestätige, dass alle Angaben vollständig sind.",
    ),
}

MENUS = {
    "en": (
        "The Copper Kettle",
        (
            (
                "Starters",
                (
                    ("Leek and potato soup", "5.80"),
                    ("Smoked trout on rye", "8.20"),
                    ("Beetroot salad", "6.90"),
                ),
            ),
            (
                "Main courses",
                (
                    ("Lamb stew with barley", "16.50"),
                    ("Mushroom pie", "13.40"),
                    ("Plaice with lemon butter", "18.90"),
                    ("Chicken in cider", "15.20"),
                ),
            ),
            ("Desserts", (("Apple crumble", "6.20"), ("Chocolate tart", "6.80"))),
            ("Drinks", (("Ginger beer", "3.50"), ("Pot of tea", "2.90"), ("Cider 0.5 l", "4.60"))),
        ),
    ),
    "fr": (
        "Chez Mathilde",
        (
            (
                "Entrées",
                (
                    ("Soupe à l'oignon", "7,50"),
                    ("Terrine de canard", "9,80"),
                    ("Œufs mimosa", "6,20"),
                ),
            ),
            (
                "Plats",
                (
                    ("Bœuf bourguignon", "18,00"),
                    ("Gratin de légumes", "14,50"),
                    ("Truite aux amandes", "19,20"),
                ),
            ),
            ("Desserts", (("Île flottante", "6,90"), ("Tarte aux pommes", "6,50"))),
        ),
    ),
    "de": (
        "Gasthof zum Löwen",
        (
            ("Suppen", (("Kürbissuppe", "5,90"), ("Gulaschsuppe", "6,50"))),
            (
                "Hauptgerichte",
                (
                    ("Käsespätzle mit Röstzwiebeln", "12,80"),
                    ("Rinderbraten mit Klößen", "17,90"),
                    ("Forelle Müllerin", "19,50"),
                ),
            ),
            ("Nachtisch", (("Rote Grütze", "5,20"), ("Apfelstrudel", "5,60"))),
        ),
    ),
}

POSTERS = {
    "en": (
        ("SUMMER", "NIGHT", "CONCERT"),
        ("Saturday, 6 July, 8 pm", "Gardens of Grantley Hall", "Free entry. Bring a blanket!"),
    ),
    "en 2": (
        ("BOOK FAIR",),
        ("More than 60 publishers", "Old Customs House, Port Ellery", "11 to 13 October"),
    ),
    "de": (
        ("FLOHMARKT", "AM FLUSS"),
        ("Jeden ersten Sonntag", "von 9 bis 16 Uhr", "Stände: Tel. 0551 49 20 77"),
    ),
    "fr": (
        ("FÊTE DE", "LA MUSIQUE"),
        ("Vendredi 21 juin", "Place de l'Église à Valbrune", "Entrée libre"),
    ),
}

PLATES = (("de", "GÖ KT 4817"), ("de", "HH AB 305"), ("en", "LK19 VOE"), ("fr", "FG-482-ZR"))

SIGNS = {
    "exit": ("#14713d", "white", ("EXIT",)),
    "street": ("#1d3f8f", "white", ("MILL LANE",)),
    "warning": (
        "#f2c317",
        "black",
        ("CAUTION", "Wet floor"),
    ),
    "direction": ("#f4f4ef", "#151515", ("Harbour 2 km", "Town centre 800 m", "Station 1.4 km")),
    "parking": (
        "#f5f5f5",
        "#1c2f7a",
        ("NO PARKING", "Mon to Fri", "8 am - 6 pm", "except residents"),
    ),
    "door": ("#fafafa", "#b01722", ("Bitte die Tür", "leise schließen")),
    "hours": (
        "#2b2b2b",
        "#f3e9d2",
        ("Heures d'ouverture", "Mardi à vendredi", "9 h - 18 h 30", "Samedi 10 h - 17 h"),
    ),
}

PACKAGES = {
    "en": (
        "Oak Hill",
        "Plum Jam",
        (
            "Ingredients: plums, cane sugar,",
            "lemon juice, gelling agent pectin.",
            "Made with 60 g of fruit per 100 g.",
            "Keep cool after opening.",
            "340 g   Best before 11/2025",
        ),
    ),
    "en 2": (
        "Brightwell",
        "Tomato Soup",
        (
            "Heat gently in a pan for 4 minutes.",
            "Do not boil. Serves two.",
            "Contains celery and milk.",
            "Store in a dry place.",
            "400 g   Lot 2291-B",
        ),
    ),
    "de": (
        "Landgut Weiß",
        "Erbsen & Möhren",
        (
            "Zutaten: Erbsen, Möhren, Wasser,",
            "Zucker, Salz, natürliche Gewürze.",
            "Vor dem Öffnen kühl lagern.",
            "Füllmenge 400 g, Abtropfgewicht 265 g",
        ),
    ),
    "fr": (
        "Ferme des Tilleuls",
        "Miel d'été",
        (
            "Récolté à la main en Auvergne.",
            "À conserver à l'abri de la lumière.",
            "Déconseillé aux bébés",
            "500 g   Lot 0417",
        ),
    ),
    "medicine": (
        "Dorvalin",
        "20 mg tablets",
        (
            "Take one tablet in the morning",
            "with a glass of water.",
            "Do not drive if you feel dizzy.",
            "30 tablets   EXP 09/2026",
        ),
    ),
}

MAILS = (
    ("Nora Whitfield", "Proofs for page four", "10:12"),
    ("Harbour Savings Bank", "Your statement is ready", "9:47"),
    ("Choir of Saint Aubyn", "Rehearsal moved to Thursday", "8:30"),
    ("Daniel Okonkwo", "Re: Key for the reading room", "Yesterday"),
    ("Grantley Hall", "Two tickets for 6 July", "Yesterday"),
    ("Oskar", "Train is late, start without me", "Monday"),
    ("Town council", "Minutes of the meeting", "Monday"),
    ("Brightwell Foods", "Your complaint no. 20418", "12 May"),
)

SETTINGS = (
    "Display",
    (
        ("Brightness", "70 %"),
        ("Night light", "On"),
        ("Resolution", "1920 x 1080"),
        ("Text size", "Large"),
        ("Screen saver after", "10 minutes"),
        ("Lock the screen", "Never"),
    ),
    ("Cancel", "Apply"),
)

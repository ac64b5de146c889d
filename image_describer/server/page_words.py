"""The words of the web page, by the names that its template and its script use."""

from image_describer.i18n import N_, _, ngettext

TEMPLATE = {
    "intro": N_("Choose a picture to read or hear what it shows and what is written in it."),
    "no_script": N_("This page needs JavaScript, which is turned off in this browser."),
    "run_instead": N_("On the computer with the program, you can run:"),
    "picture_file": N_("picture.jpg"),
    "choose": N_("Choose a picture"),
    "drop": N_("Or drop one anywhere on this page, or paste one with {key}."),
    "token_why": N_("This service requires a token. Ask the person who started it."),
    "token": N_("Token"),
    "go_on": N_("Continue"),
    "token_kept": N_(
        "The token is kept until you close this tab and is sent only to this service."
    ),
    "description": N_("Description"),
    "none_yet": N_("None yet."),
    "cancel": N_("Cancel"),
    "again": N_("Try again"),
    "play": N_("Play"),
    "stop": N_("Stop"),
    "copy": N_("Copy the caption"),
    "text_in_picture": N_("Text in the picture"),
    "play_text": N_("Play the text"),
    "copy_text": N_("Copy the text"),
    "more": N_("More about this picture"),
    "voice_title": N_("Voice"),
    "speak": N_("Speak automatically"),
    "speak_why": N_("Leave this off if a screen reader reads to you."),
    "speed": N_("Speed"),
    "slower": N_("Slower"),
    "normal": N_("Normal"),
    "faster": N_("Faster"),
    "twice": N_("Twice as fast"),
    "three_times": N_("Three times as fast"),
    "sent": N_("Your picture is sent only to this service."),
    "can_be_wrong": N_("Descriptions can be wrong. Don't rely on them for anything important."),
    "api": N_("API for developers"),
}
PASTE_KEY = N_("Ctrl+V")
SCRIPT = {
    "noAnswer": N_("The service does not respond. Is it still running?"),
    "failed": N_("That did not work: the service answered {status}."),
    "tooLarge": N_(
        "That picture is too large: it has {size} MB, and this service takes {limit} MB. Save it "
        "smaller and try again."
    ),
    "unreadable": N_("This can't be read. If it is a folder, choose a picture inside it."),
    "looking": N_("Looking at it ..."),
    "interrupted": N_("The response was interrupted."),
    "noDescription": N_("No description"),
    "cancelled": N_("Cancelled."),
    "author": N_("Alt text by the author"),
    "notes": N_("Notes"),
    "codes": N_("Codes, which anybody may have made"),
    "confidence": N_("Confidence"),
    "sure": N_("{percent} sure."),
    "percent": N_("{number} percent"),
    "alternatives": N_("Alternatives"),
    "objects": N_("Objects and where they are"),
    "size": N_("Size"),
    "pixels": N_("{width} by {height} pixels."),
    "preparing": N_("Preparing the speech ..."),
    "pressPlay": N_("This browser needs you to press Play."),
    "notPlayed": N_("The speech can't be played here."),
    "waitingForToken": N_("Waiting for the token."),
    "tokenCharacters": N_("A token has only letters, digits and symbols, without spaces."),
    "onlyFirst": N_("Only the first of {count} files is described."),
    "nothingPasted": N_("There is no picture on the clipboard."),
    "notAFile": N_("This is not a file. Save the picture first, then drop its file."),
    "copied": N_("Copied."),
    "notCopied": N_("This browser does not let the page copy."),
    "pasteKeyOfMac": N_("Command+V"),
    "sentHere": N_("Your picture is sent only to this service on this computer."),
    "sentTo": N_("Your picture is sent only to this service ({host})."),
    "everywhere": N_("everywhere"),
}
PLACES = (
    (N_("top left"), N_("top"), N_("top right")),
    (N_("left"), N_("centre"), N_("right")),
    (N_("bottom left"), N_("bottom"), N_("bottom right")),
)


def for_template() -> dict[str, str]:
    """Return the words of the template, in the language in use."""
    return {name: _(message) for name, message in TEMPLATE.items()}


def for_script() -> dict[str, object]:
    """Return the words of the script, in the language in use."""
    busy = [
        ngettext(
            "The service is busy. Trying again in {count} second ...",
            "The service is busy. Trying again in {count} seconds ...",
            count,
        )
        for count in (1, 2)
    ]
    places = [[_(place) for place in row] for row in PLACES]
    return {
        **{name: _(message) for name, message in SCRIPT.items()},
        "busy": busy,
        "places": places,
    }

"""What is told of a finding or a warning to people: what it is, and what to do about it.

Messages of the interface's catalogue; a code may have several causes, and these words fit all.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.core.findings import FindingCode

Words = tuple[str, str]


def N_(message: str) -> str:  # noqa: N802  the name by which catalogues find messages
    """Return a message, which is said in a language later."""
    return message


OF_THE_WHOLE = frozenset({FindingCode.NOTHING_PAID, FindingCode.NO_TITLE, FindingCode.HOLDERS})
"""What is said of a document, whatever line it is told with."""

WORDS: Mapping[FindingCode, Words] = {
    FindingCode.UNCLOSED: (
        N_("A paid section, or front matter, begins here and never ends."),
        N_(
            "End the section with its end marker, such as ##paidend##, and front matter with a"
            " line like its first. To show a marker as text, write it as ##\\paidbegin##."
        ),
    ),
    FindingCode.UNOPENED: (
        N_("This end marker ends nothing."),
        N_(
            "Write the begin marker, such as ##paidbegin##, where the section begins. To show the"
            " marker as text, write it as ##\\paidend##."
        ),
    ),
    FindingCode.NESTED: (
        N_("A paid section begins inside another one."),
        N_("End the section before it first, or take this marker out."),
    ),
    FindingCode.MISMATCHED: (
        N_("This section ends in another spelling than it began."),
        N_("Use one pair for each section, such as ##paidbegin## and ##paidend##."),
    ),
    FindingCode.SUSPECT: (
        N_("Something in this line looks like a marker and is not one."),
        N_(
            "Write the marker exactly, such as ##paidbegin## or ##paidend##, or change the wording."
        ),
    ),
    FindingCode.IN_MARKUP: (
        N_("A marker stands inside markup or front matter."),
        N_("Move it into the running text."),
    ),
    FindingCode.ESCAPED: (
        N_("A backslash stands before this marker, as editors put it there."),
        N_(
            "Take the backslash away, so that it marks a paid section; or, to show the marker as"
            " text, write it as ##\\paidbegin##."
        ),
    ),
    FindingCode.NOTHING_PAID: (
        N_("Nothing in this document is paid."),
        N_(
            "Put ##paidbegin## where the paid part begins and ##paidend## where it ends. If"
            " everyone may read all of it, tick “Free for everyone” below, or write free: true in"
            " its front matter; a price has to go then."
        ),
    ),
    FindingCode.DRAFT: (
        N_("This is marked as a draft, or as not to be published yet."),
        N_("Take the field out, or change it, when it may be published."),
    ),
    FindingCode.FRONT_MATTER: (
        N_("This is almost front matter, and would be shown to everyone as text."),
        N_(
            "Put the fields between two lines of ---, each as “name: value” with a plain colon;"
            " or begin the text with another line."
        ),
    ),
    FindingCode.UNDECODABLE: (
        N_("This cannot be read."),
        N_("Save the file as UTF-8 text; in front matter, write each field as “name: value”."),
    ),
    FindingCode.NO_TITLE: (
        N_("The document has no title."),
        N_("Begin with a short line of free text, or declare a title in front matter."),
    ),
    FindingCode.TOO_LARGE: (
        N_("This is too much for one document."),
        N_(
            "Shorten or divide it, or make its markup simpler. A title has at most 200"
            " characters, a document at most 1,000 paid sections."
        ),
    ),
    FindingCode.NEWLY_PUBLIC: (
        N_("Text that was paid in the edition before is free in this one."),
        N_("Publish only if everyone may read it from now on."),
    ),
    FindingCode.FOREIGN_WALL: (
        N_("This looks like the marker of another system; here it marks nothing."),
        N_("Put ##paidbegin## where the paid part begins and ##paidend## where it ends."),
    ),
    FindingCode.HIDDEN: (
        N_("What a browser would not show was left out, for everyone."),
        N_("Take it out of the source, or show it."),
    ),
    FindingCode.UNKNOWN_FIELD: (
        N_("A field of this name is not known, and nothing is made of it."),
        N_("Correct its name, or take it out."),
    ),
    FindingCode.EMPTY_SECTION: (
        N_("This paid section holds nothing."),
        N_("Put text between its markers, or take both out."),
    ),
    FindingCode.NEARLY_ALL_FREE: (
        N_("Almost all of the text is free."),
        N_("Check that the paid section begins and ends where it should."),
    ),
    FindingCode.BLOCKED_PICTURE: (
        N_("Browsers do not show this picture here, because its address is not https."),
        N_("Give it an address that begins with https://."),
    ),
    FindingCode.MISSING_PICTURE: (
        N_("This picture is not here."),
        N_("Send it beside the document, or give it a whole address that begins with https://."),
    ),
    FindingCode.LEFT_OUT: (
        N_("Something here cannot be shown and was left out."),
        N_("Link to it, or say in words what it holds."),
    ),
    FindingCode.HOLDERS: (
        N_("Readers hold rights to this document, and nothing in it is paid."),
        N_("Take the rights back, or mark what they are for."),
    ),
}

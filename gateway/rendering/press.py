"""The press: sets texts into the forms in which they are sent.

A public form is a function of the projection alone: no clock, no edition, no request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from markupsafe import Markup

from gateway.core.bundles import IDENTITY, Bundle, Entry, Representation, headers_for
from gateway.core.documents import PLACEHOLDER, FullText, Offer, Projection
from gateway.core.profiles import UNSAID, Profile
from gateway.core.timestamps import day_of
from gateway.rendering.body import GO_ON, going_on, with_regions
from gateway.rendering.cards import card
from gateway.rendering.cuts import Cut, parts_on_page
from gateway.rendering.encodings import (
    paid_representation,
    picture_representation,
    private_representation,
    public_representation,
)
from gateway.rendering.facts import (
    embedded,
    facts_of,
    full_facts,
    headers_of,
    json_of,
    linked_data_of,
    public_facts,
    refusal_of,
)
from gateway.rendering.front_matter import front_matter
from gateway.rendering.pages import LANGUAGES, Language, Pages
from gateway.rendering.paging import MAX_PAGES, Page, form_of, paged, whole
from gateway.rendering.problems import PROBLEM
from gateway.rendering.representations import CARD, HTML, JSON, OEMBED, OTHERS, TEXT
from gateway.rendering.sheets import UNLOCK, Sheet
from gateway.rendering.summaries import summary_of

REFUSED = {"html": "html.refused", "json": "json.refused"}  # forms that a refusal has of its own

_ACT = re.compile(r"购买|订阅|加入|支付|打赏|(?:buy|subscribe|join|get|order|pay)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer as the panel shows it. link: to the shop, with what the shop has to know."""

    name: str
    price: str
    note: str
    link: str

    @property
    def says_act(self) -> bool:
        """Return whether the name itself says what pressing it does."""
        return _ACT.match(self.name) is not None


class PagePress:
    """Sets texts with the pages of the gateway. Links start at the root if base_url is "".

    profile: what the publisher of the texts says of itself.
    """

    def __init__(self, pages: Pages, base_url: str = "", profile: Profile = UNSAID) -> None:
        self._pages = pages
        self._base = base_url.rstrip("/")
        self._profile = profile

    def said(self, profile: Profile) -> PagePress:
        """Return a press for the texts of a publisher that says this of itself."""
        return PagePress(self._pages, self._base, profile)

    def _sheet(self, text: Projection | FullText) -> Sheet:
        return Sheet(text.address, text.meta, text.rendering, self._base, self._profile)

    def public(self, projection: Projection, edition: str) -> Bundle:
        """Return the public forms: preview page, Markdown, plain text, JSON, and the refusal."""
        sheet = self._sheet(projection)
        cuts = [Cut(number, size) for number, size in enumerate(projection.cuts, 1)]
        pages = self._previews(projection, sheet, cuts)
        facts = public_facts(projection, sheet, cuts)
        forms = dict(self._set(sheet, pages))
        bodies = {
            "md": front_matter(facts) + self._lines(sheet, sheet.markdown, cuts),
            "txt": self._lines(sheet, sheet.text, cuts),
            "json": json_of(facts),
        }
        forms |= {
            each.name: public_representation(each.media_type, bodies[each.name]) for each in OTHERS
        }
        # Whoever is refused sees the first page, whatever page was asked for: how many the whole
        # has is for those who may read it.
        refused = self._pages.render("refused.html", sheet.interface, **pages[0] | {"state": "no"})
        drawn = card(sheet.title, sheet.by, _day(projection), self._profile)
        forms |= {
            CARD: picture_representation(drawn),
            OEMBED: public_representation(JSON, json_of(embedded(sheet))),
            REFUSED["html"]: private_representation(HTML, refused),
            REFUSED["json"]: private_representation(PROBLEM, json_of(refusal_of(facts))),
        }
        return Bundle(edition, forms, _entry(projection, sheet, self._base))

    def _set(
        self, sheet: Sheet, pages: Sequence[dict[str, object]]
    ) -> Iterator[tuple[str, Representation]]:
        """Yield what each page is sent with, and the page."""
        for number, page in enumerate(pages, 1):
            name, head = form_of("html", number), headers_of(sheet, number)
            yield headers_for(name), private_representation(TEXT, head)
            body = self._pages.render("preview.html", sheet.interface, **page)
            yield name, public_representation(HTML, body)

    def full(self, full: FullText, edition: str) -> Bundle:
        """Return the forms for the holder of a right, without ETag."""
        sheet = self._sheet(full)
        html = sheet.rendering.html
        html = html if full.free_start is None else going_on(html, full.free_start)
        forms = {
            form_of(f"html.{language}", page.number): paid_representation(
                HTML, self._read(sheet, language, page)
            )
            for language in LANGUAGES
            for page in paged(self._with_regions(html, language), f"/read/{sheet.address}")
        }
        goes_on = next((p.number for p in paged(html, "") if f'id="{GO_ON}"' in p.html), 1)
        if goes_on > 1:
            forms[GO_ON] = private_representation(TEXT, str(goes_on).encode())
        bodies = {
            "md": front_matter(facts_of(sheet)) + sheet.markdown.encode(),
            "txt": sheet.text.encode(),
            "json": json_of(full_facts(sheet)),
        }
        for each in OTHERS:
            forms[each.name] = paid_representation(each.media_type, bodies[each.name])
        return Bundle(edition, forms)

    def article(self, projection: Projection) -> Markup:
        """Return what the preview page shows of a projection, without the page around it."""
        sheet = self._sheet(projection)
        cuts = [Cut(number, size) for number, size in enumerate(projection.cuts, 1)]
        html = self._with_regions(projection.rendering.html, sheet.interface)
        (page,) = self._shown_on(projection, sheet, cuts, [whole(html, sheet.path)])
        article = self._pages.render("article.html", sheet.interface, **page)
        return Markup(article.decode())  # noqa: S704  set by our own template

    @staticmethod
    def article_in(public: Bundle) -> Markup:
        """Return the same out of the preview pages that were set before."""
        articles = []
        for number in range(1, MAX_PAGES + 1):
            form = public.forms.get(form_of("html", number))
            text = form.bodies[IDENTITY].decode() if form else ""
            if text:
                start, end = text.index('<article class="sheet'), text.rindex("</article>")
                articles.append(text[start:end] + "</article>")
        return Markup("\n".join(articles))  # noqa: S704  set by our own template

    def _read(self, sheet: Sheet, language: Language, page: Page) -> bytes:
        body = Markup(page.html)  # noqa: S704  sanitised before
        return self._pages.render("read.html", language, document=sheet, body=body, page=page)

    def _with_regions(self, html: str, language: Language) -> str:
        _ = self._pages.gettext(language)
        words = {"table": _("Table %(number)s"), "pre": _("Code %(number)s")}
        return with_regions(html, lambda name, number: words[name] % {"number": number})

    def _previews(
        self, projection: Projection, sheet: Sheet, cuts: list[Cut]
    ) -> list[dict[str, object]]:
        html = self._with_regions(projection.rendering.html, sheet.interface)
        return self._shown_on(projection, sheet, cuts, paged(html, sheet.path))

    def _shown_on(
        self, projection: Projection, sheet: Sheet, cuts: list[Cut], pages: list[Page]
    ) -> list[dict[str, object]]:
        """Return what the template of each page is given."""
        left = iter(cuts)
        wall = next((page for page in pages if PLACEHOLDER in page.html), None)
        same = self._on_all(projection, sheet, cuts) | {"wall": wall}
        return [same | {"page": page, "parts": parts_on_page(page.html, left)} for page in pages]

    def _on_all(self, projection: Projection, sheet: Sheet, cuts: list[Cut]) -> dict[str, object]:
        return {
            "document": sheet,
            "published": projection.published,
            "updated": projection.updated,
            "summary": summary_of(projection),
            "base": self._base,
            "cuts": cuts,
            "linked_data": linked_data_of(projection, sheet, bool(cuts)),
            "offers": [self._shown(sheet, offer) for offer in sheet.offers],
            "unlock": UNLOCK,
            "state": "",
        }

    def _shown(self, sheet: Sheet, offer: Offer) -> ShownOffer:
        """Return an offer whose shop is told what is bought, and where its buyer goes on."""
        link = offer.url
        if not link.lower().startswith("mailto:"):
            told = {"document": str(sheet.address)} | (
                {"return": sheet.unlock} if self._base else {}
            )
            link = _with_query(link, urlencode(told, safe="/", quote_via=quote)) if link else ""
        return ShownOffer(offer.name, offer.price, offer.note, link)

    def _lines(self, sheet: Sheet, text: str, cuts: list[Cut]) -> bytes:
        """Return a text with one constant line for each cut."""
        pieces = [piece.strip("\n") for piece in text.split(PLACEHOLDER)]
        parts = pieces[:1]
        for piece, cut in zip(pieces[1:], cuts, strict=True):
            parts += [self._paywall_line(sheet, cut), piece]
        return ("\n\n".join(filter(None, parts)) + "\n").encode()

    def _paywall_line(self, sheet: Sheet, cut: Cut) -> str:
        _ = self._pages.gettext(sheet.interface)
        size = _("%(size)s characters or more") % {"size": f"{cut.size_at_least:,}"}
        unlock = _("unlock: %(path)s") % {"path": f"{sheet.url}#unlock"}
        told = [_("Paid section"), *([size] if cut.size_at_least else []), unlock]
        return f"[{' · '.join(told)}]"


def _with_query(link: str, query: str) -> str:
    place, sign, fragment = link.partition("#")
    return f"{place}{'&' if '?' in place else '?'}{query}{sign}{fragment}"


def _entry(projection: Projection, sheet: Sheet, base: str) -> Entry:
    return Entry(
        address=projection.address,
        title=sheet.title,
        summary=summary_of(projection),
        language=sheet.language,
        author=sheet.author,
        published=projection.published,
        updated=projection.updated,
        collection=sheet.collection,
        order=projection.meta.order,
        translation_of=projection.meta.translation_of,
        base=base,
        publisher_name=sheet.profile.name,
        has_mark=sheet.profile.mark is not None,
        said=sheet.profile.stamp,
        tags=tuple(tag.text for tag in sheet.tags),
    )


def _day(projection: Projection) -> str:
    """Return the day of a text, as it says or as it was published."""
    day = projection.meta.date
    return day_of(day).isoformat() if day else projection.published[:10]

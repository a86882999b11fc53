"""What programs are told of a text: JSON, headers, linked data, refusals."""

from __future__ import annotations

import json
from http import HTTPStatus
from urllib.parse import quote

from gateway.core.documents import Offer, Projection
from gateway.core.errors import Unpaid
from gateway.core.prices import price_of
from gateway.rendering.cards import SIZE
from gateway.rendering.cuts import Cut, FreePiece, parts_of
from gateway.rendering.linked_data import Crumb, crumbs, person, publisher, way
from gateway.rendering.listings import SITE
from gateway.rendering.paging import address_of
from gateway.rendering.problems import problem_details
from gateway.rendering.sheets import Sheet
from gateway.rendering.summaries import summary_of


def headers_of(sheet: Sheet, page: int = 1) -> bytes:
    """Return the headers that a page is sent with, and with the first all other forms."""
    links = [f'<{address_of(sheet.url, page)}>; rel="canonical"']
    if sheet.licence:
        links.append(f'<{quote(sheet.licence, safe=_AS_IS)}>; rel="license"')
    return f"content-language: {sheet.language}\r\nlink: {', '.join(links)}\r\n".encode()


# Of an address, what stays: the rest, all that ends a header or a link in it too, is escaped.
_AS_IS = ":/?#[]@!$&()*+;=%-._~"


def embedded(sheet: Sheet) -> dict[str, object]:
    """Return what other sites show of a document in place of its address."""
    width, height = SIZE
    return {
        "type": "link",
        "version": "1.0",
        "title": sheet.title,
        "author_name": sheet.author or sheet.by,
        "author_url": sheet.home,
        "provider_name": sheet.by,
        "provider_url": sheet.home,
        "thumbnail_url": sheet.card,
        "thumbnail_width": width,
        "thumbnail_height": height,
    }


def linked_data_of(projection: Projection, sheet: Sheet, paid: bool) -> dict[str, object]:
    """Return what search engines read: nothing that the page does not say."""
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": sheet.title,
        "description": summary_of(projection),
        "inLanguage": sheet.language,
        "datePublished": sheet.published or projection.published,
        "dateModified": projection.updated,
        "url": sheet.url,
        "image": {"@type": "ImageObject", "url": sheet.card, "width": SIZE[0], "height": SIZE[1]},
        "publisher": publisher(sheet.publisher, sheet.origin, sheet.profile),
        "mainEntityOfPage": {
            "@type": "WebPage",
            "@id": sheet.url,
            "breadcrumb": crumbs([*_way(sheet), Crumb(sheet.title, sheet.url)]),
        },
        "isAccessibleForFree": not paid,
    }
    if sheet.licence:
        data["license"] = sheet.licence
    if sheet.original:
        data["translationOfWork"] = {"@type": "Article", "url": sheet.original}
    if sheet.author:
        data["author"] = person(sheet.author, sheet.origin, sheet.publisher)
    if sheet.tags:
        data["keywords"] = [tag.text for tag in sheet.tags]
    if paid:
        data["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": ".paywall",
        }
    return data


def _way(sheet: Sheet) -> list[Crumb]:
    return way(sheet.origin, SITE, sheet.publisher, sheet.by, sheet.collection)


def facts_of(sheet: Sheet) -> dict[str, object]:
    """Return what is told of a text in every form."""
    return {
        "title": sheet.title,
        "language": sheet.language,
        "author": sheet.author,
        "date": sheet.date.isoformat() if sheet.date else None,
        "address": str(sheet.address),
        "url": sheet.url,
        "publisher": sheet.publisher,
        "publisher_name": sheet.by,
        "help": sheet.profile.help or None,
        "collection": sheet.collection or None,
        "tags": [tag.text for tag in sheet.tags],
        "summary": sheet.summary or None,
        "licence": sheet.licence or None,
        "translation_of": sheet.original or None,
    }


def public_facts(projection: Projection, sheet: Sheet, cuts: list[Cut]) -> dict[str, object]:
    """Return what everyone is told of a text, with its free pieces."""
    return facts_of(sheet) | {
        "published": projection.published,
        "updated": projection.updated,
        "sections": [_section(part) for part in parts_of(projection, cuts)],
        "offers": [_offer_facts(offer, sheet.language) for offer in sheet.offers] if cuts else [],
        "buy": f"{sheet.url}#unlock" if cuts else None,
        "unlock": sheet.unlock,
        "card": sheet.card,
        "feed": sheet.feed,
    }


def refusal_of(facts: dict[str, object]) -> dict[str, object]:
    """Return the problem that a reader without a right is told."""
    return problem_details(Unpaid(), HTTPStatus.PAYMENT_REQUIRED) | {
        "document": {name: facts[name] for name in _NAMED},
        "offers": facts["offers"],
        "buy": facts["buy"],
        "unlock": facts["unlock"],
    }


_NAMED = ("title", "author", "language", "publisher", "publisher_name", "help", "address", "url")
"""What a refusal says of the document."""


def _section(part: FreePiece | Cut) -> dict[str, object]:
    if isinstance(part, Cut):
        return {"kind": "paid", "size_at_least": part.size_at_least}
    return {"kind": "free", "html": part.html, "text": part.text}


def _offer_facts(offer: Offer, language: str) -> dict[str, object]:
    price = price_of(offer.price, language)
    return {
        "name": offer.name,
        "price": offer.price,
        "url": offer.url,
        "note": offer.note,
        "amount": price.amount if price else None,
        "currency": price.currency if price else None,
        "term": (price.term or None) if price else None,
    }


def full_facts(sheet: Sheet) -> dict[str, object]:
    """Return what the holder of a right is told, with the whole text."""
    return facts_of(sheet) | {
        "html": sheet.rendering.html,
        "text": sheet.rendering.text,
        "markdown": sheet.rendering.markdown,
    }


def json_of(facts: dict[str, object]) -> bytes:
    """Return facts as JSON."""
    return (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode()

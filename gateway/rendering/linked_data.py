"""What search engines read, as schema.org calls it: nothing that the page does not say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.core.groups import AUTHORS, COLLECTIONS, Group, group_name
from gateway.core.profiles import Profile
from gateway.rendering.listings import Listing, path_of
from gateway.rendering.representations import MARK

Data = dict[str, object]

_CONTEXT = "https://schema.org"


class Crumb(NamedTuple):
    """A step on the way from the start to a page."""

    name: str
    url: str


def crumbs(steps: Sequence[Crumb]) -> Data:
    """Return the way to a page."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": at, "name": step.name, "item": step.url}
            for at, step in enumerate(steps, 1)
        ],
    }


def publisher(name: str, origin: str, profile: Profile) -> Data:
    """Return who publishes, by its name in addresses and by what it says of itself."""
    home = f"{origin}/documents/{name}"
    data: Data = {"@type": "Organization", "name": profile.name or name, "url": home}
    if profile.mark:
        size = {"width": profile.mark.width, "height": profile.mark.height}
        data["logo"] = {"@type": "ImageObject", "url": f"{home}/{MARK}"} | size
    if profile.help_link:
        is_mail = profile.help_link.startswith("mailto:")
        ask = {"email": profile.help} if is_mail else {"url": profile.help}
        data["contactPoint"] = {"@type": "ContactPoint", "contactType": "customer support"} | ask
    return data


def person(name: str, origin: str, publisher: str) -> Data:
    """Return who wrote something, with the page of all that they wrote."""
    group = Group(AUTHORS, group_name(name))
    page = {"url": origin + path_of(publisher, group)} if group.name else {}
    return {"@type": "Person", "name": name, **page}


def way(origin: str, site: str, publisher: str, by: str, collection: str = "") -> list[Crumb]:
    """Return the steps to a publisher, which is shown by a name, or one of its collections."""
    steps = [Crumb(site, f"{origin}/"), Crumb(by, f"{origin}/documents/{publisher}")]
    if collection:
        path = path_of(publisher, Group(COLLECTIONS, collection))
        steps.append(Crumb(collection, origin + path))
    return steps


def graph(*things: Data) -> Data:
    """Return things as one document."""
    return {"@context": _CONTEXT, "@graph": list(things)}


def of_listing(listing: Listing, site: str, search: str) -> Data:
    """Return a list of documents. search: the path of the search."""
    members: Data = {
        "@type": "ItemList",
        "itemListElement": [
            {"@type": "ListItem", "position": at, "name": entry.title, "url": listing.of(entry)}
            for at, entry in enumerate(listing.entries, 1)
        ],
    }
    if not listing.publisher:
        return graph(_site(listing.origin, site, search), members)
    owner = publisher(listing.publisher, listing.origin, listing.profile)
    if listing.profile.about:
        owner["description"] = listing.profile.about
    page: Data = {
        "@type": "ProfilePage" if listing.author else "CollectionPage",
        "name": listing.name,
        "url": listing.url,
        "publisher": owner,
    }
    if listing.author:
        who = person(listing.name, listing.origin, listing.publisher)
        page |= {"mainEntity": who, "hasPart": members}
    else:
        page["mainEntity"] = members
    steps = way(listing.origin, site, listing.publisher, listing.by)
    if listing.group:
        steps.append(Crumb(listing.name, listing.origin + listing.path))
    return graph(page, crumbs(steps))


def _site(origin: str, name: str, search: str) -> Data:
    action: Data = {
        "@type": "SearchAction",
        "target": {
            "@type": "EntryPoint",
            "urlTemplate": f"{origin}{search}?q={{search_term_string}}",
        },
        "query-input": "required name=search_term_string",
    }
    site: Data = {"@type": "WebSite", "name": name, "url": f"{origin}/"}
    return site | {"potentialAction": action}

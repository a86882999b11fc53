"""The fields that front matter may have, in one table, by the names that other tools write too.

Names are compared without case, hyphens and underscores.
"""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """A field of which something is made: its names, ours first, and what it is good for."""

    names: tuple[str, ...]
    good_for: str


FIELDS = (
    Field(("title",), "the title; else the first heading or line is it"),
    Field(
        ("language", "lang", "locale"),
        "the language of the text: `en`, `zh-CN`, `zh_CN`, `ja`, `中文`; else the free text tells",
    ),
    Field(
        ("summary", "description", "excerpt"),
        "the summary under the title, in lists and for link cards",
    ),
    Field(("author", "authors"), "who wrote it; several are joined by commas"),
    Field(
        ("date", "published_at", "pubDate", "created", "created_at", "date_created"),
        "the date of the text, everywhere; a document is not published before it",
    ),
    Field(
        ("updated", "lastmod", "modified", "last_modified_at", "updated_at", "date_modified"),
        "when the text last changed",
    ),
    Field(
        ("publish_at", "publishDate", "publish_on"),
        "when to publish it: not before; also the date, where there is no other",
    ),
    Field(("draft",), "`true`: it is not published"),
    Field(("published", "publish"), "`false`: it is not published; a date is its date"),
    Field(("status", "post_status"), "`draft`, `pending`, `private`, …: it is not published"),
    Field(("visibility",), "`private`, `hidden`, …: it is not published"),
    Field(("private",), "`true`: it is not published"),
    Field(("password", "post_password"), "it is not published: a password cannot guard it here"),
    Field(("expiryDate", "unpublishDate", "expires"), "it is not published after this date"),
    Field(("free",), "`true`: it has no paid section, and is meant to have none"),
    Field(("collection",), "the collection that it belongs to: 1 to 80 of a-z, 0-9 and hyphen"),
    Field(
        ("order", "weight"),
        "its place in its collection, a whole number; where there is none, the date tells",
    ),
    Field(
        ("licence", "license"),
        "the licence of the free text: its address, or the name of a Creative Commons licence",
    ),
    Field(
        ("translation_of",),
        "the address (slug) of the document of which it is a translation",
    ),
    Field(("tags", "tag"), "a list of words, or words between commas; each has a page"),
    Field(
        ("outline",), "what the paid part holds, a line or a list of them; the paywall shows five"
    ),
    Field(("offer",), "what can be bought: `{name, price, url, note}`, or a list of such"),
)

UNUSED = {
    "Everywhere": (
        "categories category keywords keyword topics slug permalink url uri link id type"
        " layout template comments comment cover cover_image image images thumbnail banner photo"
        " photos icon subtitle toc math aliases alias series canonical_url canonical"
        " copyright source source_url source_link version audio video videos music"
    ),
    "Hexo and its themes": (
        "abbrlink disableNunjucks top sticky pin index_img banner_img banner_img_height"
        " banner_img_set banner_mask_alpha category_bar archive top_img cover_type toc_number"
        " toc_style_simple toc_max_depth toc_expand mathjax katex mermaid highlight_shrink aside"
        " aplayer copyright_author copyright_author_href copyright_url copyright_info"
        " swiper_index top_group_index background main_color coverImg img coverColor"
        " reprintPolicy article plugins widgets quicklink indent reward related_posts header"
        " footer poster leftbar rightbar h1 indexing breadcrumb menu_id nav_tabs references"
        " rightToc sidebar sitemap isTop feature noticeOutdate abcjs"
    ),
    "Hugo and its themes": (
        "build cascade headless isCJKLanguage linkTitle markup menu menus outputs params"
        " resources translationKey taxonomies extra path render in_search_index showToc tocOpen"
        " hideMeta disableHLJS disableShare hideSummary searchHidden showReadingTime"
        " showBreadCrumbs showPostNavLinks showWordCount showRssButtonInSectionTermList useHugoToc"
        " editPost authorLink authorEmail authorAvatar hiddenFromHomePage hiddenFromSearch twemoji"
        " lightgallery ruby fraction fontawesome linkToMarkdown rssFullText featuredImage"
        " featuredImagePreview code mapbox share library seo readingTime style"
        " showDate showAuthor showTableOfContents showHero heroStyle featured"
        " hideHeaderAndFooter autoCollapseToc postMetaInFooter contentCopyright"
        " mathjaxEnableSingleDollar flowchartDiagrams sequenceDiagrams no_list simple_list"
        " tableOfContents enableMathJax usePageBundles toc_sidebar"
    ),
    "Jekyll and its themes": (
        "excerpt_separator redirect_from redirect_to header_img header_style header_mask catalog"
        " no_catalog multilingual tagline classes author_profile read_time related toc_label"
        " toc_icon toc_sticky gallery feature_row pagination entries_layout search"
        " media_subpath img_path render_with_liquid nav_order parent has_children has_toc"
        " grand_parent thumbnail_img share_img share_title share_description gh_repo"
        " gh_badge feature_img bootstrap social_share twitter ref summary_image"
        " background_image meta"
    ),
    "WordPress and its exporters": (
        "guid wordpress_id wordpress_url post_id post_name post_title post_type post_parent"
        " post_format post_mime_type post_author post_excerpt post_date_gmt post_modified_gmt"
        " parent_id menu_order comment_status comment_count ping_status featured_media"
        " featured_image_url feature_image format timeline_notification reddit"
        " dsq_thread_id classic_editor_remember"
    ),
    "Others": (
        "cssclass cssclasses sidebar_label sidebar_position hide_title hide_table_of_contents"
        " custom_edit_url toc_min_heading_level toc_max_heading_level pagination_label"
        " pagination_next pagination_prev displayed_sidebar last_update prev next editLink"
        " lastUpdated head isOriginal star timeline index shortTitle pageInfo eleventyNavigation"
        " eleventyExcludeFromCollections templateEngineOverride abstract bibliography csl"
        " documentclass header_includes numbersections output uuid meta_title meta_description"
        " og_title og_description og_image twitter_title twitter_description twitter_image"
        " primary_tag allowComment pinned emoji typora_copy_images_to typora_root_url"
        " marp theme paginate jupyter kernelspec word_count"
    ),
}
"""Fields of other tools that are passed over without a word."""

_OF_PLUGINS = (
    "_wp",
    "_edit",
    "_thumbnail",
    "_yoast",
    "_aioseo",
    "_rank_math",
    "_oembed",
    "_jetpack",
)


def key(name: str) -> str:
    """Return a name as it is compared."""
    return name.translate(_DROPPED).lower()


_DROPPED = {ord(each): None for each in "-_ "}
_KNOWN = {key(name) for field in FIELDS for name in field.names}
_KNOWN |= {key(name) for names in UNUSED.values() for name in names.split()}


def is_known(name: str) -> bool:
    """Return whether a field is one of ours or of another tool."""
    return key(name) in _KNOWN or name.startswith(_OF_PLUGINS)


def names_of(name: str) -> tuple[str, ...]:
    """Return the names of a field, each as it is compared, the first that counts first."""
    return _NAMES.get(name) or (key(name),)


_NAMES = {field.names[0]: tuple(map(key, field.names)) for field in FIELDS}

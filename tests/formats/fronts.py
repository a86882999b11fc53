"""Front matter as publishing tools, editors and keyboards leave it, and what must come of each.

All of it is made up; the forms are those of Hexo, Hugo, Jekyll, Pelican, WordPress exporters and
others. BODY follows each.
"""

from __future__ import annotations

from dataclasses import dataclass, field

BODY = "\n正文在此。\n"


@dataclass(frozen=True)
class Front:
    """One front matter: what is read of it, or the code and line of its refusal."""

    name: str
    text: str
    meta: dict[str, str] = field(default_factory=dict)
    warned: tuple[str, ...] = ()
    """Fields that are not known."""
    held: tuple[str, ...] = ()
    """Fields that say not to publish it."""
    refused: tuple[str, int] | None = None


READ = (
    Front("bare", "---\ntitle: 标题\n---\n", {"title": "标题"}),
    Front(
        "hexo new post",
        "---\ntitle: Hello World\ndate: 2013-07-13 20:46:25\ntags:\n---\n",
        {"title": "Hello World", "date": "2013-07-13T20:46:25Z"},
    ),
    Front(
        "hexo full",
        "---\nlayout: post\ntitle: 我的文章\ndate: 2021/3/8 9:05:00\nupdated: 2021/3/9 10:00:00\n"
        "comments: true\ntags:\n- 随笔\n- 生活\ncategories:\n- [技术, 前端]\npermalink: a/b/\n"
        "excerpt: 一句话\ndisableNunjucks: false\nlang: zh-CN\npublished: true\n---\n",
        {
            "title": "我的文章",
            "date": "2021-03-08T09:05:00Z",
            "updated": "2021-03-09T10:00:00Z",
            "summary": "一句话",
            "language": "zh-CN",
        },
    ),
    Front(
        "hexo without opening fence",
        "title: 旧版\ndate: 2012-01-02 03:04:05\ntags: [a, b]\n---\n",
        {"title": "旧版", "date": "2012-01-02T03:04:05Z"},
    ),
    Front("hexo with one field", "title: 旧版\n---\n", {"title": "旧版"}),
    Front("hexo with long fence", "-----\ntitle: 长\n-----\n", {"title": "长"}),
    Front(
        "butterfly",
        "---\ntitle: 蝴蝶\ndate: 2022-02-22 22:22:22\nupdated:\ntags:\ncategories:\nkeywords:\n"
        "description:\ntop_img:\ncomments:\ncover: /img/a.jpg\ntoc: true\ntoc_number:\n"
        "toc_style_simple:\ncopyright:\ncopyright_author:\ncopyright_author_href:\n"
        "copyright_url:\ncopyright_info:\nmathjax:\nkatex:\naplayer:\nhighlight_shrink:\n"
        "aside:\nswiper_index: 1\ntop_group_index: 1\nbackground: '#fff'\nsticky: 2\n---\n",
        {"title": "蝴蝶", "summary": ""},
    ),
    Front(
        "fluid",
        "---\ntitle: 流\nindex_img: /img/a.png\nbanner_img: /img/b.png\nbanner_img_height: 60\n"
        "banner_mask_alpha: 0.5\nexcerpt: 摘要\nsticky: 100\nmath: true\nmermaid: true\n"
        "category_bar: true\narchive: true\nabbrlink: 3f2a\n---\n",
        {"summary": "摘要"},
    ),
    Front(
        "next with password left empty",
        "---\ntitle: 空\npassword:\nreward: true\nquicklink: true\nmathjax: true\n---\n",
        {"title": "空"},
    ),
    Front(
        "hugo yaml",
        '---\ntitle: "Hugo"\ndate: 2020-09-05T08:00:00+08:00\nlastmod: 2021-01-01T00:00:00Z\n'
        "draft: false\nweight: 10\naliases: [/old/]\ncategories: [x]\nseries: [s]\nslug: hugo\n"
        "resources:\n- src: a.jpg\n  title: A\nmenu:\n  main:\n    weight: 1\ncascade:\n"
        "  type: docs\n---\n",
        {
            "title": "Hugo",
            "date": "2020-09-05T08:00:00+08:00",
            "updated": "2021-01-01T00:00:00Z",
        },
    ),
    Front(
        "hugo toml",
        '+++\ntitle = "Hugo"\ndate = 2020-09-05T08:00:00+08:00\ndraft = false\n'
        'tags = ["a", "b"]\ndescription = "一句"\n[params]\nx = 1\n[menu.main]\nweight = 1\n+++\n',
        {"title": "Hugo", "date": "2020-09-05T08:00:00+08:00", "summary": "一句"},
    ),
    Front(
        "hugo toml with a local date",
        "+++\ntitle = 'x'\ndate = 2020-09-05\nlastmod = 2020-09-06 07:32:00\n+++\n",
        {"date": "2020-09-05T00:00:00Z", "updated": "2020-09-06T07:32:00Z"},
    ),
    Front(
        "hugo json",
        '{\n\t"title": "J\\u0053ON",\n\t"date": "2020-09-05T08:00:00Z",\n\t"draft": false,\n'
        '\t"tags": ["a"],\n\t"weight": 3\n}\n',
        {"title": "JSON", "date": "2020-09-05T08:00:00Z"},
    ),
    Front(
        "hugo with capitals",
        "---\nTitle: 大写\nDate: 2020-09-05\nDraft: false\npublishdate: 2020-09-06\n---\n",
        {"title": "大写", "date": "2020-09-05T00:00:00Z"},
    ),
    Front(
        "hugo published by publishDate",
        "---\ntitle: x\npublishDate: 2020-09-05T10:00:00Z\n---\n",
        {"date": "2020-09-05T10:00:00Z"},
    ),
    Front(
        "papermod",
        "---\ntitle: P\nauthor: [Me, You]\nshowToc: true\nTocOpen: false\nhidemeta: false\n"
        "canonicalURL: https://a.example\ndisableHLJS: true\ndisableShare: false\n"
        "hideSummary: false\nsearchHidden: true\nShowReadingTime: true\nShowBreadCrumbs: true\n"
        "ShowPostNavLinks: true\nShowWordCount: true\nUseHugoToc: true\ncover:\n"
        "  image: a.png\n  alt: b\neditPost:\n  URL: https://a.example\n---\n",
        {"author": "Me, You"},
    ),
    Front(
        "loveit",
        "---\ntitle: L\nsubtitle: s\nauthor: 李\nauthorLink: https://a.example\nlicense: CC\n"
        "hiddenFromHomePage: false\nhiddenFromSearch: false\nfeaturedImage: a.jpg\n"
        "lightgallery: true\ntwemoji: false\nruby: true\nfraction: true\ntoc:\n  enable: true\n"
        "math:\n  enable: false\nshare:\n  enable: true\ncomment:\n  enable: true\n---\n",
        {"author": "李"},
    ),
    Front(
        "zola",
        '+++\ntitle = "Z"\ndate = 2020-09-05\nauthors = ["A"]\n[taxonomies]\ntags = ["x"]\n'
        "[extra]\nx = true\n+++\n",
        {"title": "Z", "author": "A"},
    ),
    Front(
        "jekyll",
        '---\nlayout: post\ntitle:  "Welcome to Jekyll!"\ndate:   2015-11-17 16:16:01 -0600\n'
        "categories: jekyll update\n---\n",
        {"title": "Welcome to Jekyll!", "date": "2015-11-17T16:16:01-06:00"},
    ),
    Front("jekyll closed by dots", "---\ntitle: D\n...\n", {"title": "D"}),
    Front("windows white space", "---  \ntitle: W\n---\t\n", {"title": "W"}),
    Front("blank lines before", "\n \n---\ntitle: B\n---\n", {"title": "B"}),
    Front("byte order mark before", "\ufeff---\ntitle: B\n---\n", {"title": "B"}),
    Front("mark after a blank line", "\n\ufeff---\ntitle: B\n---\n", {"title": "B"}),
    Front(
        "minimal mistakes",
        '---\ntitle: M\nexcerpt: "e"\nheader:\n  image: a.jpg\n  teaser: b.jpg\ntoc: true\n'
        "toc_label: x\ntoc_sticky: true\nclasses: wide\nauthor_profile: false\nread_time: true\n"
        "share: true\nrelated: true\nlast_modified_at: 2016-03-09T16:20:02-05:00\n---\n",
        {"summary": "e", "updated": "2016-03-09T16:20:02-05:00"},
    ),
    Front(
        "chirpy",
        "---\ntitle: C\nauthor: c\ndate: 2019-08-08 11:33:00 +0800\npin: true\nmath: true\n"
        "mermaid: true\nimage:\n  path: a.webp\n  lqip: data\nmedia_subpath: /posts/\n"
        "render_with_liquid: false\n---\n",
        {"date": "2019-08-08T11:33:00+08:00"},
    ),
    Front(
        "hux blog",
        '---\nlayout:     post\ntitle:      "题"\nsubtitle:   "副题"\ndate:       2015-01-29\n'
        'author:     "Hux"\nheader-img: "img/a.jpg"\nheader-mask: 0.3\ncatalog: true\n'
        "multilingual: true\ntags:\n    - 生活\n---\n",
        {"title": "题", "author": "Hux", "date": "2015-01-29T00:00:00Z"},
    ),
    Front(
        "just the docs",
        "---\ntitle: J\nnav_order: 1\nparent: P\nhas_children: true\nhas_toc: false\n"
        "grand_parent: G\n---\n",
        {"title": "J"},
    ),
    Front(
        "jekyll page",
        "---\nlayout: default\ntitle: 网页\n---\n",
        {"title": "网页"},
    ),
    Front(
        "wordpress to jekyll",
        "---\nid: 123\ntitle: '旧站的文章'\ndate: '2014-05-06T07:08:09+00:00'\n"
        "author: admin\nexcerpt: ''\nlayout: post\nguid: 'http://a.example/?p=123'\n"
        "permalink: /?p=123\n_edit_last:\n    - '1'\n_thumbnail_id:\n    - '9'\n"
        "_yoast_wpseo_focuskw:\n    - x\ndsq_thread_id:\n    - '77'\ncategories:\n    - 未分类\n"
        "image: /a.jpg\n---\n",
        {"title": "旧站的文章", "author": "admin", "date": "2014-05-06T07:08:09Z"},
    ),
    Front(
        "wordpress export to markdown",
        '---\ntitle: "A post"\ndate: 2019-03-04\ncategories: \n  - "news"\ntags: \n'
        '  - "one"\ncoverImage: "a.jpg"\n---\n',
        {"title": "A post", "date": "2019-03-04T00:00:00Z"},
    ),
    Front(
        "exitwp",
        "---\nauthor: admin\ncomments: true\ndate: 2011-01-01 10:00:00+00:00\nlayout: post\n"
        "slug: a\ntitle: A\nwordpress_id: 5\ncategories:\n- x\nstatus: publish\ntype: post\n"
        "published: true\n---\n",
        {"title": "A", "date": "2011-01-01T10:00:00Z"},
    ),
    Front(
        "wordpress by hand",
        "---\npost_title: x\ntitle: 文\npost_id: 3\npost_status: publish\npost_type: post\n"
        "comment_status: open\nping_status: closed\nmenu_order: 0\npost_password: ''\n"
        "featured_media: 4\npubDate: Sat, 05 Sep 2020 08:00:00 +0000\n---\n",
        {"title": "文", "date": "2020-09-05T08:00:00Z"},
    ),
    Front(
        "ghost",
        "---\ntitle: G\nslug: g\ndate_published: 2020-09-05\nfeature_image: null\n"
        "visibility: public\ncustom_excerpt: null\nmeta_title: m\nmeta_description: null\n---\n",
        {"title": "G"},
        warned=("date_published", "custom_excerpt"),
    ),
    Front(
        "obsidian",
        "---\naliases:\n  - a\ntags: [x]\ncssclasses: []\ncreated: 2023-01-02\n"
        "modified: 2023-02-03\npublish: true\n---\n",
        {"date": "2023-01-02T00:00:00Z", "updated": "2023-02-03T00:00:00Z"},
    ),
    Front(
        "docusaurus",
        "---\nid: x\ntitle: D\nsidebar_label: d\nsidebar_position: 1\nhide_title: true\n"
        "authors:\n  - name: Ann\n    url: https://a.example\n  - name: Bo\n---\n",
        {"author": "Ann, Bo"},
    ),
    Front(
        "vuepress",
        "---\ntitle: V\nicon: page\norder: 3\ncategory:\n  - 使用指南\ntag:\n  - 页面\n"
        "star: true\nfooter: f\ncopyright: 无版权\nisOriginal: true\nshortTitle: v\n---\n",
        {"title": "V"},
    ),
    Front(
        "dev.to",
        "---\ntitle: T\npublished: true\ndescription: d\ntags: 'a, b'\n"
        "cover_image: https://a.example/a.png\ncanonical_url: null\nid: 5\n"
        "date: '2022-01-02T03:04:05Z'\n---\n",
        {"summary": "d", "date": "2022-01-02T03:04:05Z"},
    ),
    Front(
        "pandoc",
        "---\ntitle: P\nauthor:\n- One\n- Two\nsubtitle: s\nabstract: a\n"
        "bibliography: x.bib\nheader-includes: []\ndate: 2020-09-05\n---\n",
        {"author": "One, Two"},
    ),
    Front(
        "published as a date",
        "---\ntitle: x\npublished: 2020-09-05\n---\n",
        {"date": "2020-09-05T00:00:00Z"},
    ),
    Front(
        "dates in Chinese",
        "---\ntitle: x\ndate: 2020年9月5日\nupdated: 2020.09.06\n---\n",
        {"date": "2020-09-05T00:00:00Z", "updated": "2020-09-06T00:00:00Z"},
    ),
    Front(
        "language names",
        "---\ntitle: x\nlanguage: 中文\nlang: en\n---\n",
        {"language": "zh-CN"},
    ),
    Front("locale", "---\ntitle: x\nlocale: zh_TW\n---\n", {"language": "zh-TW"}),
    Front(
        "slips in names",
        "---\ntitle: x\nprise: 9\ndescripton: y\n内部备注: z\n---\n",
        {"title": "x", "summary": ""},
        warned=("prise", "descripton", "内部备注"),
    ),
    Front("only a private field", "---\nnote: 内部\n---\n", warned=("note",)),
    Front(
        "null",
        "---\ntitle: ~\ndescription: null\nauthor: 'null'\ndate: NULL\n---\n",
        {"title": "", "summary": "", "author": "null", "date": ""},
    ),
    Front("declared free", "---\ntitle: x\nfree: true\n---\n", {"free": "True"}),
    Front("free in other words", "+++\ntitle = 'x'\nfree = true\n+++\n", {"free": "True"}),
    Front("not free", "---\ntitle: x\nfree: no\n---\n", {"free": "False"}),
)

HELD = (
    Front("draft", "---\ntitle: x\ndraft: true\n---\n", held=("draft",)),
    Front("draft in toml", "+++\ntitle = 'x'\ndraft = true\n+++\n", held=("draft",)),
    Front("draft in json", '{\n"title": "x", "draft": true\n}\n', held=("draft",)),
    Front("draft in capitals", "---\ntitle: x\nDraft: True\n---\n", held=("Draft",)),
    Front("unpublished", "---\ntitle: x\npublished: false\n---\n", held=("published",)),
    Front("not for obsidian", "---\ntitle: x\npublish: false\n---\n", held=("publish",)),
    Front("wordpress draft", "---\ntitle: x\nstatus: draft\n---\n", held=("status",)),
    Front("wordpress private", "---\ntitle: x\npost_status: private\n---\n", held=("post_status",)),
    Front("ghost hidden", "---\ntitle: x\nvisibility: private\n---\n", held=("visibility",)),
    Front("private", "---\ntitle: x\nprivate: true\n---\n", held=("private",)),
    Front("behind a password", "---\ntitle: x\npassword: hunter2\n---\n", held=("password",)),
    Front("ahead", "---\ntitle: x\ndate: 2099-01-01\n---\n", held=("date",)),
    Front(
        "scheduled",
        "---\ntitle: x\npublishDate: 2099-01-01T08:00:00+08:00\n---\n",
        held=("publishDate",),
    ),
    Front("over", "---\ntitle: x\nexpiryDate: 2001-01-01\n---\n", held=("expiryDate",)),
)

REFUSED = (
    Front("full-width colons", "---\ntitle： 周\nnote： 内部\n---\n", refused=("front-matter", 2)),
    Front("one full-width colon", "---\ntitle: 周\nnote： 内\n---\n", refused=("front-matter", 3)),
    Front("no space", "---\ntitle:周报\ndate:2020-09-05\n---\n", refused=("front-matter", 2)),
    Front("em dash", "———\ntitle: 周报\nnote: 内部\n———\n", refused=("front-matter", 1)),
    Front("one em dash", "—\ntitle: 周报\n—\n", refused=("front-matter", 1)),
    Front("en dashes", "––-\ntitle: 周报\n––-\n", refused=("front-matter", 1)),
    Front("full-width hyphens", "－－－\ntitle: 周报\n－－－\n", refused=("front-matter", 1)),
    Front("underscores", "___\ntitle: 周报\nnote: 内部\n___\n", refused=("front-matter", 1)),
    Front("two hyphens", "--\ntitle: 周报\n--\n", refused=("front-matter", 1)),
    Front("spaced", "- - -\ntitle: 周报\n- - -\n", refused=("front-matter", 1)),
    Front("indented", "  ---\n  title: 周报\n  ---\n", refused=("front-matter", 1)),
    Front("escaped", "\\---\ntitle: 周报\n\\---\n", refused=("front-matter", 1)),
    Front("private fields alone", "———\nnote: 内\nprise: 9\n———\n", refused=("front-matter", 1)),
    Front("rule and heading", "***\n\n## title: 周\nnote: 内\n\n", refused=("front-matter", 1)),
    Front("no fence", "title: 周报\ndate: 2020-09-05\nauthor: 编\n", refused=("front-matter", 1)),
    Front("no fence, private", "title: 周报\nnote: 内部\n", refused=("front-matter", 1)),
    Front("no fence, wide", "title：周报\ntags：甲\n", refused=("front-matter", 1)),
    Front("no fence, blank first", "\n\nlayout: post\ntitle: 周\n", refused=("front-matter", 3)),
    Front("zero width", "\u200b---\ntitle: 周报\n---\n", refused=("front-matter", 1)),
    Front("pelican", "Title: P\nDate: 2010-12-03 10:20\nTags: a\n", refused=("front-matter", 1)),
    Front("toml in hyphens", "---\ntitle = '周报'\n---\n", refused=("front-matter", 1)),
    Front("yaml in plus signs", "+++\ntitle: 周报\n+++\n", refused=("front-matter", 1)),
    Front("semicolons", ";;;\n\"title\": \"x\",\n\"date\": \"2020-09-05\"\n;;;\n",
          refused=("front-matter", 1)),
    Front("html", "<hr><p>title: 周报<br>note: 内部</p><hr>\n", refused=("front-matter", 1)),
    Front("never closed", "---\ntitle: 周报\ndate: 2020-09-05\n", refused=("unclosed", 1)),
    Front("toml never closed", "+++\ntitle = 'x'\n", refused=("unclosed", 1)),
    Front("colon in a value", "---\ntitle: 第一章: 起\n---\n", refused=("undecodable", 2)),
    Front("tab", "---\ntitle: x\n\ttags: y\n---\n", refused=("undecodable", 3)),
    Front("twice", "---\ntitle: x\ntitle: y\n---\n", refused=("undecodable", 3)),
    Front("no date", "---\ntitle: x\ndate: 明天\n---\n", refused=("undecodable", 3)),
    Front("thirteenth month", "---\ntitle: x\ndate: 2020-13-05\n---\n", refused=("undecodable", 3)),
    Front("template left", "---\ntitle: {{ title }}\n---\n", refused=("undecodable", 2)),
    Front("neither free nor not", "---\ntitle: x\nfree: 9.90\n---\n", refused=("undecodable", 3)),
    Front("neither draft nor not", "---\ntitle: x\ndraft: 是\n---\n", refused=("undecodable", 3)),
)  # fmt: skip

FRONTS = (*READ, *HELD, *REFUSED)

"""What the page does in a real browser."""

from __future__ import annotations

import json

import pytest
from support.explanations import bursts, hostile, incident, long
from support.page_tab import page_tab

from jobctl.explain.explanation import PageFlip
from jobctl.explain.page.page import timeline_page


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    """One browser for all that follows; each test opens its own page."""
    with page_tab(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture
def show(tab, tmp_path):
    """Open a page about explanations; what the console says against it fails the test."""
    paths = []

    def _show(*explanations, width=1280, fragment=""):
        path = tmp_path / f"page{len(paths)}.html"
        paths.append(path)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(timeline_page(explanations))
        tab.viewport(width, 900)
        tab.open(f"{path.as_uri()}{fragment}")
        return tab

    tab.emulate()
    tab.problems.clear()
    asked = len(tab.asked_for)
    yield _show
    assert tab.problems == []
    assert tab.asked_for[asked:] == [path.as_uri() for path in paths]


def text_of(tab, selector):
    return tab.value(f"document.querySelector({json.dumps(selector)}).innerText")


def labels_of(tab, kind="span"):
    return tab.value(
        f"[...document.querySelectorAll('#labels {kind}:not([hidden])')].map(one => one.textContent)"
    )


def spot(tab, lane, moment_time):
    """Where in the window a moment of a lane is drawn, from the lane's label and two ticks of the axis."""
    return tab.value(
        """(() => {
        const at = one => one.getBoundingClientRect();
        const labels = [...document.querySelectorAll('#labels span')].filter(one => !one.hidden);
        const ticks = labels.filter(one => one.className === 'tick');
        const seconds = one => one.textContent.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
        const middle = one => at(one).left + at(one).width / 2;
        const [first, last] = [ticks[0], ticks.at(-1)];
        const scale = (middle(last) - middle(first)) / (seconds(last) - seconds(first));
        const lane = labels.find(one => one.textContent.startsWith(LANE + ' ·'));
        const [h, m, s] = TIME.split(':').map(Number);
        return [middle(first) + (3600 * h + 60 * m + s - seconds(first)) * scale, at(lane).top + 9];
        })()""".replace("LANE", json.dumps(lane)).replace("TIME", json.dumps(moment_time))
    )


def pixels(tab, left, width, script):
    """Run a script over `data`, the colours of a strip of the picture."""
    return tab.value(
        f"""(() => {{ const marks = document.querySelector('#marks'), canvas = marks.cloneNode();
        const copy = canvas.getContext('2d', {{willReadFrequently: true}});
        copy.drawImage(marks, 0, 0);
        const data = copy.getImageData({left}, 0, {width}, canvas.height).data;
        {script} }})()"""
    )


def ink(tab):
    """How many pixels of the picture are not empty, and the sum of their colours."""
    return pixels(
        tab,
        0,
        "canvas.width",
        """let some = 0, sum = 0;
        for (let at = 0; at < data.length; at += 4) {
          if (data[at + 3]) { some += 1; sum += data[at] + data[at + 1]; }
        }
        return [some, sum];""",
    )


def colours(tab, moment_time):
    """The colours, with their opacity, that stand above and below each other at a time."""
    x, _ = spot(tab, "reads", moment_time)
    found = pixels(
        tab,
        f"{x} - marks.getBoundingClientRect().left",
        9,
        """const found = [];
        for (let at = 0; at < data.length; at += 4) found.push([...data.subarray(at, at + 4)]);
        return found;""",
    )
    return set(map(tuple, found))


def test_it_opens_with_the_evidence(show):
    tab = show(incident())
    assert "entry 47 · stream #2, frame 12" in text_of(tab, "#details")
    assert "terminal-lock: the job has ended" in text_of(tab, "#details")
    assert "pending" in text_of(tab, "#body tr[aria-current]")
    labels = tab.value(
        "[...document.querySelectorAll('#labels span:not([hidden])')].map(one => one.textContent)"
    )
    lanes = [
        "submit · 1",
        "reads · 13",
        "verified · 2",
        "stream #1 · 23",
        "stream #2 · 12",
        "cancel · 1",
    ]
    assert [one for one in labels if " · " in one] == lanes
    assert "the page reported 'pending'" in labels
    assert ink(tab)[0] > 3000


def test_two_lines_and_the_shade_between_them(show):
    tab = show(incident())
    true, naive, shade = (9, 105, 218, 255), (192, 54, 44, 255), 34
    agreed, apart = colours(tab, "22:13:05"), colours(tab, "22:13:27.5")
    assert true in agreed
    assert {true, naive} <= apart
    assert shade in {alpha for *_, alpha in apart}
    assert shade not in {alpha for *_, alpha in agreed}


def test_keys_move_the_selection(show):
    tab = show(incident(), fragment="#j=0&m=0")
    assert text_of(tab, "#details h3") == "entry 1 · submit"
    tab.press("ArrowRight")
    assert text_of(tab, "#details h3") == "entry 2 · read"
    tab.value("document.querySelector('#stage').focus()")
    tab.press("ArrowDown")
    assert "verified read" in text_of(tab, "#details h3")
    tab.press("End")
    assert text_of(tab, "#details h3") == "entry 51 · verified read"
    tab.press("d")
    assert text_of(tab, "#details h3") == "entry 47 · stream #2, frame 12"
    tab.press("Escape")
    assert "Point at a mark" in text_of(tab, "#details")
    tab.press("End")
    assert text_of(tab, "#details h3") == "entry 51 · verified read"
    tab.press("?")
    assert tab.value("document.querySelector('#help').open")
    tab.press("Escape")
    tab.press("/")
    assert tab.value("document.activeElement.id") == "text"


def test_a_filter_leaves_less(show):
    tab = show(incident())
    before = ink(tab)
    tab.press("/")
    tab.press("p")
    tab.press("o")
    tab.press("n")
    tab.press("g")
    assert text_of(tab, "#count") == "15 of 52 decisions"
    assert tab.value("document.querySelectorAll('#body tr').length") == 15
    assert ink(tab)[0] < before[0]
    tab.press("Escape")
    assert text_of(tab, "#count") == "52 decisions"
    tab.value("document.querySelector('#filter details').open = true")
    tab.value("document.querySelector('input[value=\"source:stream\"]').click()")
    assert text_of(tab, "#count") == "17 of 52 decisions"
    assert "stream 35" in text_of(tab, "#boxes")
    tab.value("document.querySelector('[data-facet=source]').click()")
    assert text_of(tab, "#count") == "52 decisions"
    tab.value("document.querySelector('[data-facet=source]').click()")
    assert text_of(tab, "#count") == "0 of 52 decisions"
    assert tab.value("document.querySelectorAll('#body tr').length") == 0


def test_pointing_and_clicking_fill_the_panel(show):
    tab = show(incident(), fragment="#j=0&m=0")
    x, y = spot(tab, "reads", "22:13:26.5")
    tab.point(x, y)
    assert "entry 48 · read" in text_of(tab, "#details")
    assert "from a cache\nAge: 4" in text_of(tab, "#details")
    tab.point(5, 5)
    assert text_of(tab, "#details h3") == "entry 1 · submit"
    tab.point(x, y, click=True)
    tab.point(5, 5)
    assert text_of(tab, "#details h3") == "entry 48 · read"


def test_a_payload_is_laid_out_and_not_read(show):
    tale = incident()
    payload = '{"id":12345678901234567890,"note":"a \\"b, c: {","none":[],"list":[1,{"x":null}],"cut":"no en…'
    tab = show(tale._replace(moments=[tale.moments[0]._replace(payload=payload)]), fragment="#j=0&m=0")
    assert text_of(tab, "#details pre").splitlines() == [
        "{",
        '  "id": 12345678901234567890,',
        '  "note": "a \\"b, c: {",',
        '  "none": [],',
        '  "list": [',
        "    1,",
        "    {",
        '      "x": null',
        "    }",
        "  ],",
        '  "cut": "no en…',
    ]


def test_a_citation_leads_to_its_moment(show):
    tab = show(incident())
    tab.value("document.querySelector('a[href$=\"e=44\"]').click()")
    tab.settle()
    assert text_of(tab, "#details h3") == "entry 44 · read"
    assert text_of(tab, "#body tr[aria-current] td") == "44"


def test_a_citation_of_what_decided_nothing_leads_near_it(show):
    tale = incident()
    tale = tale._replace(moments=[one for one in tale.moments if one.entry != 45])
    tab = show(tale, fragment="#j=0&e=45")
    assert text_of(tab, "#details h3") == "entry 44 · read"
    assert text_of(tab, "#note") == "Entry 45 decided nothing: this is the nearest that did, entry 44."


def test_a_citation_of_a_flip_shows_it(show):
    flip = PageFlip(incident().moments[-1].at, 999, "the page was loaded again")
    tab = show(incident()._replace(flips=(flip,)), fragment="#j=0&e=999")
    assert text_of(tab, "#details h3") == "the page itself"
    assert "the page was loaded again" in text_of(tab, "#details")


def test_wheel_keys_and_drag_change_what_is_in_view(show):
    tab = show(incident())

    def tick_labels():
        return tab.value(
            "[...document.querySelectorAll('#labels .tick:not([hidden])')].map(one => one.textContent)"
        )

    whole = tick_labels()
    x, y = spot(tab, "reads", "22:13:00")
    tab.wheel(x, y, -300)
    zoomed = tick_labels()
    assert zoomed != whole
    tab.press("0")
    assert tick_labels() == whole
    tab.press("+")
    closer = tick_labels()
    assert closer != whole
    for event, place in (("mousePressed", x), ("mouseMoved", x - 200), ("mouseReleased", x - 200)):
        tab.call("Input.dispatchMouseEvent", type=event, x=place, y=y, button="left", clickCount=1)
    tab.settle()
    assert tick_labels()[0] > closer[0]


def test_a_narrow_window_has_no_overflow(show):
    tab = show(incident(), width=360)
    assert tab.value("document.documentElement.scrollWidth <= innerWidth")
    assert tab.value("document.querySelector('#marks').getBoundingClientRect().right <= innerWidth")
    assert tab.value("document.querySelector('#stage').clientWidth > 300")


def test_a_dark_scheme_is_dark(show):
    tab = show(incident())
    light = tab.value("getComputedStyle(document.body).backgroundColor"), ink(tab)
    tab.emulate(prefers_color_scheme="dark")
    dark = tab.value("getComputedStyle(document.body).backgroundColor"), ink(tab)
    assert (light[0], dark[0]) == ("rgb(255, 255, 255)", "rgb(13, 17, 23)")
    assert light[1][1] != dark[1][1]


def test_a_print_is_light_and_says_what_it_leaves_out(show):
    tab = show(long(1000))
    tab.emulate("print", prefers_color_scheme="dark")
    assert tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.value("document.querySelectorAll('#body tr').length") == 300
    assert text_of(tab, "#more") == "… and 700 more decisions that are not printed."
    assert tab.value("document.querySelector('#marks').style.width") == "690px"
    assert tab.value("getComputedStyle(document.querySelector('#filter')).display") == "none"
    assert tab.pdf().startswith(b"%PDF")


def test_hostile_text_stays_text(show):
    tab = show(hostile())
    assert tab.value("document.images.length") == 0
    assert tab.value("document.title") != "owned"
    assert "\\u202egnp.exe" in text_of(tab, "#details")
    assert "</script><img" in text_of(tab, "#details pre")
    assert tab.value(r"/[\u202e\u001b\u2028]/.test(document.body.innerText)") is False


def test_silence_is_compressed_and_can_be_had_back(show):
    tab = show(bursts())
    assert tab.value("document.querySelector('#compress').checked")
    assert labels_of(tab, ".gap") == ["59 min 52 s"] * 5
    tab.value("document.querySelector('#compress').click()")
    tab.settle()
    assert labels_of(tab, ".gap") == []


def test_the_page_of_a_long_table(show):
    tab = show(long(1000))
    assert text_of(tab, "#page") == "rows 1 to 200 of 1,000"
    tab.value("document.querySelector('[data-do=last]').click()")
    assert text_of(tab, "#page") == "rows 801 to 1,000 of 1,000"
    tab.value("document.querySelector('#rows').focus()")
    tab.press("Home")
    assert text_of(tab, "#page") == "rows 1 to 200 of 1,000"


def test_one_job_of_several(show):
    nothing = bursts()._replace(job="none", moments=(), decisions=0)
    tab = show(incident(), bursts(), nothing, fragment="#j=1")
    visible = "[...document.querySelectorAll('.answer')].filter(one => !one.hidden).map(one => one.id).join()"
    assert tab.value(visible) == "job-1"
    assert text_of(tab, "#count") == "180 decisions"
    tab.value("document.querySelector('#jobs a[href$=\"j=0\"]').click()")
    tab.until("document.querySelector('#count').textContent === '52 decisions'")
    tab.value("document.querySelector('#jobs a[href$=\"j=2\"]').click()")
    tab.until("document.querySelector('#timeline').hidden")
    assert tab.value(visible) == "job-2"


def test_the_address_keeps_the_selection_and_the_filter(show):
    tab = show(incident(), fragment="#j=0&m=44&q=pending&off=action%3Aapply")
    assert text_of(tab, "#count").endswith("of 52 decisions")
    assert tab.value("document.querySelector('#text').value") == "pending"
    tab.press("Escape")
    tab.press("ArrowLeft")
    tab.until("location.hash === '#j=0&m=43'")

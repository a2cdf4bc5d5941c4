"""The overlay in a real browser: languages, themes, and what a screen reader and tired eyes need."""

from __future__ import annotations

from typing import Any

import pytest
from chromium import until
from overlay_pages import action, show, words
from scenes import scene

from callflow.call.plan import Plan
from callflow.live.actions import Action
from callflow.live.overlay import Overlay


def test_the_language_is_switched_and_remembered(page: Any, overlay: Overlay, plan: Plan) -> None:
    show(overlay, page, scene("back-from-hold", plan))
    page.get_by_role("button", name="显示设置").click()
    page.get_by_label("English").check()
    page.get_by_role("button", name="Close", exact=True).last.click()
    assert words(page, "#kind") == "Say"
    assert words(page, "#text") == "对不起，让您久等了"  # to be said as it is
    assert words(page, "#state") == "Back from hold"
    assert page.evaluate("document.documentElement.lang") == "en"
    page.goto(overlay.url)
    until(page, "document.getElementById('state').textContent === 'Back from hold'")


def test_the_language_of_the_browser_is_the_first_one(open_page: Any, overlay: Overlay, plan: Plan) -> None:
    for locale, title in {"zh-CN": "等待中", "en-GB": "On hold"}.items():
        page = open_page(language="", locale=locale)
        show(overlay, page, scene("hold", plan))
        until(page, f"document.getElementById('state').textContent === '{title}'")


def test_it_works_where_storage_is_forbidden(open_page: Any, overlay: Overlay, plan: Plan) -> None:
    page = open_page()
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})")
    page.reload()
    show(overlay, page, scene("hold", plan))
    page.locator("#open-settings").click()
    page.get_by_label("English").check()
    assert words(page, "#state") == "On hold"


def test_light_and_dark_follow_the_system_or_the_switch(open_page: Any, overlay: Overlay, plan: Plan) -> None:
    background = "getComputedStyle(document.getElementById('overlay')).backgroundColor"
    page = open_page(color_scheme="dark")
    show(overlay, page, scene("hold", plan))
    dark = page.evaluate(background)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(background)
    assert light != dark
    page.locator("#open-settings").click()
    page.get_by_label("深色").check()
    assert page.evaluate(background) == dark


def test_reduced_motion_and_forced_colours_are_respected(open_page: Any, overlay: Overlay, plan: Plan) -> None:
    page = open_page(reduced_motion="reduce", forced_colors="active")
    show(overlay, page, scene("warning", plan))
    assert page.evaluate("getComputedStyle(document.getElementById('warning')).animationName") == "none"
    assert page.evaluate("getComputedStyle(document.getElementById('warning')).outlineStyle") == "solid"


CONTRAST = """(() => {
  const channel = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgb = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data; };
  const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c[3]) return c; } return [255, 255, 255]; };
  const faults = [];
  for (const e of document.querySelectorAll('#overlay *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility({visibilityProperty: true}) || e.closest(':disabled')) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) faults.push(`${e.id || e.tagName} ${e.textContent.slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return faults;
})()"""
NAMED = """[...document.querySelectorAll('#overlay :is(button, input, meter, dialog, section, [role])')]
  .filter(e => e.checkVisibility())
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length))
  .filter(e => !e.matches('[role=timer], [role=status], [role=alert]'))
  .map(e => e.outerHTML)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_has_a_name_and_can_be_told_from_its_ground(
    scheme: str, language: str, open_page: Any, overlay: Overlay, plan: Plan
) -> None:
    page = open_page("docked", language, color_scheme=scheme, reduced_motion="reduce")
    for name in ("warning", "differs", "hold", "complaint-faulty", "trouble", "ready-trouble", "over"):
        show(overlay, page, scene(name, plan))
        assert page.evaluate(NAMED) == []
        assert page.evaluate(CONTRAST) == []
    assert page.evaluate(
        "(ids => ids.length === new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))"
    )
    live = "[...document.querySelectorAll('[aria-live]')].map(e => [e.id, e.getAttribute('aria-live')])"
    assert {"box": "polite", "warning": "assertive"}.items() <= dict(page.evaluate(live)).items()
    for dialog in ("#open-settings", "#keys button[data-key=F6]"):
        show(overlay, page, scene("hold", plan))
        page.locator(dialog).click()
        assert page.evaluate(NAMED) == []
        assert page.evaluate(CONTRAST) == []
        page.keyboard.press("Escape")


def test_it_floats_on_a_click_and_comes_back(page: Any, overlay: Overlay, plan: Plan) -> None:
    if not page.evaluate("'documentPictureInPicture' in window"):
        pytest.skip("this Chromium has no Document Picture-in-Picture")
    show(overlay, page, scene("greeting", plan))
    page.locator("#float").click()
    until(page, "documentPictureInPicture.window?.document.getElementById('overlay') != null")
    show(overlay, page, scene("hold", plan))
    inside = "documentPictureInPicture.window.document"
    assert page.evaluate(f"{inside}.getElementById('state').textContent") == "等待中"
    assert page.locator("#elsewhere").is_visible()
    page.evaluate(
        "documentPictureInPicture.window.dispatchEvent(new KeyboardEvent('keydown', {key: 'F3', bubbles: true}))"
    )
    assert action(overlay) == Action("hold")
    page.locator("#back").click()
    until(page, "document.getElementById('overlay') !== null")
    assert words(page, "#state") == "等待中"
    page.keyboard.press("F3")
    assert action(overlay) == Action("hold")

//! Whether a view can be used by everybody: a few checks of WCAG 2.2 that need no judgement.
//!
//! Names of controls (4.1.2), language (3.1.1), titles (2.4.2), order of headings (1.3.1), headed
//! columns, moving by key (2.1.1), size of targets (2.5.8) and contrast of text (1.4.3), in light and dark.

use super::chromium::Browser;
use serde_json::json;

impl Browser {
    /// Fails with everything that is wrong with the view as it is now.
    pub(crate) fn audit(&mut self) {
        for scheme in ["light", "dark"] {
            let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
            self.call("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
            let wrong = self.text(&format!("({SCRIPT})().join('\\n')"));
            assert_eq!(wrong, "", "{scheme}: {}", self.text("location.pathname"));
        }
        self.call("Emulation.setEmulatedMedia", json!({ "features": [] }));
    }
}

/// Gives a line for each thing that is wrong.
const SCRIPT: &str = r"() => {
  const wrong = [];
  const told = (it) => it.outerHTML.replace(/\s+/g, ' ').slice(0, 120);
  if (!document.documentElement.lang) wrong.push('the document names no language');
  if (!document.title) wrong.push('the document has no title');
  if (document.querySelectorAll('main').length !== 1) wrong.push('there is not one main part');
  if (document.querySelectorAll('h1').length !== 1) wrong.push('there is not one first heading');
  let level = 0;
  for (const it of document.querySelectorAll('main h1, main h2, main h3, main h4')) {
    const own = Number(it.tagName[1]);
    if (level && own > level + 1) wrong.push('a level of headings is left out: ' + told(it));
    level = own;
  }
  for (const it of document.querySelectorAll('th')) {
    if (!it.textContent.trim()) wrong.push('a column has no heading: ' + told(it.parentElement));
  }
  for (const it of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    if (!it.labels.length && !it.ariaLabel) wrong.push('a field has no label: ' + told(it));
  }
  for (const it of document.querySelectorAll('a, button, summary')) {
    if (!it.textContent.trim() && !it.ariaLabel) wrong.push('a control has no name: ' + told(it));
  }
  for (const it of document.querySelectorAll('svg')) {
    const silent = it.closest('[aria-hidden=true]');
    if (!silent && it.role !== 'img') wrong.push('a picture is not called one: ' + told(it));
    if (!silent && !it.ariaLabel && !it.querySelector('title')) wrong.push('a picture has no words: ' + told(it));
  }
  for (const it of document.querySelectorAll('main *')) {
    const slides = it.scrollWidth > it.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(it).overflowX);
    if (slides && it.tabIndex < 0) wrong.push('cannot be moved by key: ' + told(it));
  }
  for (const it of document.querySelectorAll('button, select, summary, input:not([type=hidden])')) {
    const box = it.getBoundingClientRect();
    if (box.width && (box.width < 24 || box.height < 24)) wrong.push('too small to press: ' + told(it));
  }
  const parts = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((it) => {
      const share = it / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (it) => {
    for (let at = it; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const it = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || seen.has(it) || !it.checkVisibility()) continue;
    if (it.closest('script, style, svg')) continue;
    seen.add(it);
    const style = getComputedStyle(it);
    const [one, other] = [light(parts(style.color)), light(behind(it))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) wrong.push('contrast ' + ratio.toFixed(2) + ': ' + told(it));
  }
  return wrong;
}";
